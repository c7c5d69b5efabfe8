// Which files of a folder are manifests, and their text. It follows links, as mounted ConfigMaps need, but never in a circle.
// What begins with a dot is not read: editors, version control and ConfigMap mounts keep their own things there.
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

export interface ListedFile {
  /** Relative to the folder, with "/". */
  readonly file: string;
  readonly location: string;
}

export interface Listing {
  /** Sorted by name. */
  readonly files: readonly ListedFile[];
  /** Real folders in which a change may matter. */
  readonly folders: readonly string[];
  readonly problems: readonly Unlisted[];
}

export interface Unlisted {
  /** File or folder, "" for the whole. */
  readonly file: string;
  readonly message: string;
  /** Whether it is not there, and not only unreadable for now. */
  readonly isGone: boolean;
}

const FILES_MAX = 20_000;
const DEPTH_MAX = 16;
const BYTES_MAX = 8_388_608;
const manifestName = /\.(?:yaml|yml|json)$/;

export const listManifests = (directory: string): Listing => {
  const files: ListedFile[] = [];
  const folders = new Set<string>();
  const problems: Unlisted[] = [];
  const visit = (location: string, prefix: string, above: readonly string[]): void => {
    const real = realpathSync(location);
    if (above.includes(real) || above.length > DEPTH_MAX) return;
    folders.add(real);
    for (const name of readdirSync(real).toSorted()) {
      if (name.startsWith(".")) continue;
      const entry = join(location, name);
      const kind = attempt(`${prefix}${name}`, problems, () => kindOf(entry));
      if (kind === "folder") attempt(`${prefix}${name}`, problems, () => visit(entry, `${prefix}${name}/`, [...above, real]));
      if (kind !== "file" || !manifestName.test(name)) continue;
      if (files.length < FILES_MAX) files.push({ file: `${prefix}${name}`, location: entry });
      else if (files.length === FILES_MAX) throw new Error(`more than ${FILES_MAX} manifests`);
      // A link may lead out of the folder, and what it leads to may change there.
      attempt(`${prefix}${name}`, problems, () => folders.add(dirname(realpathSync(entry))));
    }
  };
  attempt("", problems, () => visit(directory, "", []));
  return { files, folders: [...folders], problems };
};

const kindOf = (entry: string): "file" | "folder" | "other" => {
  const status = statSync(entry);
  if (status.isDirectory()) return "folder";
  return status.isFile() ? "file" : "other";
};

/** What vanishes between two looks is no problem: it is gone. The folder itself is. */
const attempt = <Value>(file: string, problems: Unlisted[], act: () => Value): Value | undefined => {
  try {
    return act();
  } catch (error) {
    if (file !== "" && isGone(error)) return undefined;
    problems.push({ file, isGone: isGone(error), message: isGone(error) ? "the folder does not exist" : `cannot be read: ${wordsOf(error)}` });
    return undefined;
  }
};

/** Neither text nor problem: the file is gone. */
export const readText = (location: string): { text?: string; problem?: string } => {
  try {
    const { size } = statSync(location);
    if (size > BYTES_MAX) return { problem: `is larger than ${BYTES_MAX} bytes` };
    return { text: readFileSync(location, "utf8").replace(/^\uFEFF/, "") };
  } catch (error) {
    return isGone(error) ? {} : { problem: `cannot be read: ${wordsOf(error)}` };
  }
};

const isGone = (error: unknown): boolean => error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
