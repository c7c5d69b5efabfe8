// Looks into an image that was saved as an archive, as `docker save` writes it: who it runs as, what can be executed in it,
// what it says of itself. Each thing that should not be so is a sentence; nothing is changed.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly Config: string;
  readonly Layers: readonly string[];
}

interface ImageSettings {
  readonly config: { readonly User?: string; readonly Entrypoint?: readonly string[]; readonly Labels?: Readonly<Record<string, string>> };
}

export interface Entry {
  /** As `ls` shows it: "-rwxr-xr-x". */
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
}

const LABELS = ["title", "description", "version", "revision", "licenses", "vendor", "base.name"].map((name) => `org.opencontainers.image.${name}`);
const ONLY_PROGRAM = "usr/local/bin/node";
/** Where a PATH would look, and names that need no PATH. */
const PROGRAM = /^(?:usr\/)?(?:local\/)?s?bin\/[^/]+$|(?:^|\/)(?:sh|ash|bash|dash|zsh|busybox|toybox)$/;

const tar = (...words: readonly string[]): string => execFileSync("tar", words, { encoding: "utf8", maxBuffer: 268_435_456 });

const entriesOf = (listing: string): Entry[] =>
  listing.split("\n").filter((line) => line !== "").map((line) => {
    const [mode = "", owner = "", , , , ...name] = line.split(/ +/);
    return { mode, owner, path: (name.join(" ").split(" -> ")[0] ?? "").replace(/^\.?\//, "").replace(/\/$/, "") };
  });

const isWritable = ({ mode, owner }: Entry, user: string): boolean => !mode.startsWith("l") && (mode[8] === "w" || (owner.split("/")[0] === user && mode[2] === "w"));

/** What is wrong with files like these, for one who runs as that user. */
export const faultsOf = (entries: readonly Entry[], user: string): string[] => [
  ...entries.filter(({ mode, path }) => !mode.startsWith("d") && PROGRAM.test(path) && path !== ONLY_PROGRAM).map(({ path }) => `${path} is a program that nothing needs`),
  ...entries.filter(({ mode }) => /^.{3}[sS]|^.{6}[sS]/.test(mode)).map(({ path }) => `${path} runs as another user than whoever starts it`),
  ...entries.filter((entry) => entry.path !== "tmp" && isWritable(entry, user)).map(({ path }) => `${path} can be written by ${user}`),
  ...(entries.some(({ path }) => path === ONLY_PROGRAM) ? [] : [`${ONLY_PROGRAM} is not there`]),
];

/** `scratch` is an empty folder for the parts of the archive. */
export const faultsInArchive = (archive: string, scratch: string): string[] => {
  mkdirSync(scratch, { recursive: true });
  tar("--extract", "--file", archive, "--directory", scratch);
  const [manifest] = JSON.parse(readFileSync(join(scratch, "manifest.json"), "utf8")) as Manifest[];
  if (manifest === undefined) return ["the archive holds no image"];
  const { config: settings } = JSON.parse(readFileSync(join(scratch, manifest.Config), "utf8")) as ImageSettings;
  const entries = manifest.Layers.flatMap((layer) => entriesOf(tar("--list", "--verbose", "--numeric-owner", "--file", join(scratch, layer))));
  const [user = ""] = (settings.User ?? "").split(":");
  return [
    ...(/^[1-9]\d*$/.test(user) ? [] : [`it runs as ${user || "root"}, and not as a number that is not 0`]),
    ...(settings.Entrypoint?.[0] === `/${ONLY_PROGRAM}` ? [] : [`it starts ${settings.Entrypoint?.[0]}`]),
    ...LABELS.filter((label) => (settings.Labels?.[label] ?? "unknown") === "unknown").map((label) => `it has no label ${label}`),
    ...faultsOf(entries, user),
  ];
};
