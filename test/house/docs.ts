// What a page of documentation claims, taken out of its text, so that each claim can be held against the code.
// It knows Markdown as far as our own pages use it.
import { posix } from "node:path";
import type { Command } from "../../operator/cli/command.ts";

/** Targets of links that lead to files or headings of the repository. */
export const linksIn = (text: string): string[] =>
  [...withoutBlocks(text).replace(/`[^`\n]*`/g, "").matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "").filter((target) => !/^[a-z]+:/.test(target));

/** As the usual renderers make them: lower case, without punctuation, hyphens for spaces. */
export const anchorsIn = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/^#+\s+(.*)$/gm)].map((match) => (match[1] ?? "").toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-"));

const withoutBlocks = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, "");

/** One sentence for each link that leads nowhere. */
export const brokenLinks = (path: string, text: string, readText: (path: string) => string | null): string[] =>
  linksIn(text).flatMap((link) => {
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : posix.join(posix.dirname(path), file);
    const found = target === path ? text : readText(target);
    if (found === null) return [`${path} links to ${link}, but ${target} is not there`];
    return anchor === undefined || anchorsIn(found).includes(anchor) ? [] : [`${path} links to ${link}, but ${target} has no such heading`];
  });

const scriptsOfNpm = new Set(["ci", "install", "i"]);

/** Lines that a page sets as code: in blocks and in the middle of a sentence. */
const typedIn = (text: string): string[] =>
  [...text.matchAll(/^```\w*\n([\s\S]*?)^```|`([^`\n]+)`/gm)].flatMap((match) => (match[1] ?? match[2] ?? "").split("\n"));

/** Names of scripts that the page tells people to run. */
export const scriptsIn = (text: string): string[] =>
  [...typedIn(text).join("\n").matchAll(/\bnpm (?:run )?(?:-s )?([a-z][\w:-]*)/g)].map((match) => match[1] ?? "").filter((name) => !scriptsOfNpm.has(name));

interface Invocation {
  readonly command: string;
  readonly flags: readonly string[];
}

/** What is typed: `llmgw COMMAND --flag`, and `npm start -- --flag`, which is the command `run`. Code only, not prose. */
export const invocationsIn = (text: string): Invocation[] =>
  typedIn(text).flatMap((line) => {
    const words = /(?:^|\s)(?:npx )?(llmgw ([a-z]+)|npm start)\b(.*)/.exec(line.replace(/\s#.*/, ""));
    if (words === null) return [];
    const flags = [...(words[3] ?? "").matchAll(/\s--([a-z][a-z-]*)/g)].map((match) => match[1] ?? "");
    return [{ command: words[2] ?? "run", flags }];
  });

/** One sentence for each command and flag that the page shows and the command line does not have. */
export const unknownInvocations = (text: string, commands: readonly Command[]): string[] =>
  invocationsIn(text).flatMap(({ command: name, flags }) => {
    const command = commands.find((known) => known.name === name);
    if (command === undefined) return [`llmgw has no command ${name}`];
    return flags.filter((flag) => flag !== "help" && !Object.hasOwn(command.flags, flag)).map((flag) => `llmgw ${name} has no flag --${flag}`);
  });

/** The rows of the page's table of flags, as they must be. */
export const flagRows = ({ flags }: Command): string[] =>
  Object.entries(flags).map(([name, { says, value, otherwise }]) => `| \`--${name}${value === undefined ? "" : ` ${value}`}\` | ${otherwise === undefined ? "" : `\`${otherwise}\``} | ${says} |`);

/** Paths of this repository that the page writes as code. */
export const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:dataplane|operator|crds|test|examples|\.ci)\/[\w./-]*)`/g)].map((match) => (match[1] ?? "").replace(/\/$/, ""));

/** Blocks of YAML. */
export const manifestsIn = (text: string): string[] => [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
