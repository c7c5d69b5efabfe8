// The list of words that do not belong into the sources, each with what to write instead, where it is allowed all the
// same, and a canary: a text that must be found. This file is the only one that no rule reads.
import { placeOf, type Source } from "./sources.ts";

export interface WordRule {
  readonly name: string;
  readonly pattern: RegExp;
  /** Code: comments and strings are not looked at. Text: everything is. Path: the file's own name. */
  readonly in: "Code" | "Text" | "Path";
  readonly instead: string;
  readonly allowed: (path: string) => boolean;
  readonly canary: string;
}

const nowhere = (): boolean => false;
const inTests = (path: string): boolean => path.startsWith("test/");
const inFiles = (...paths: readonly string[]) => (path: string): boolean => paths.some((allowed) => (allowed.endsWith("/") ? path.startsWith(allowed) : path === allowed));

const clocks = inFiles("dataplane/clock.ts", "operator/clock.ts", "test/");
const settings = (path: string): boolean => path.endsWith("/settings.ts") || inTests(path);
const mains = (path: string): boolean => /\/(?:main|standalone)\.ts$/.test(path) || path.startsWith("operator/cli/");
// The door of the command line runs on any Node and so imports nothing of ours.
const parsers = inFiles("operator/cli/llmgw.js", "dataplane/wire/json.ts", "dataplane/wire/json-top-level.ts", "dataplane/snapshot/", "operator/demo/json.ts", "test/");

const abbreviation = (short: string, long: string): WordRule => ({
  name: short,
  // A member of that name is somebody else's choice; a variable is ours.
  pattern: new RegExp(`(?<![.\\w$#-])${short}(?![\\w$-])`, "g"),
  in: "Code",
  instead: long,
  allowed: nowhere,
  canary: `const answer = (${short}) => ${short}.body;`,
});

const emptyWords = "backend|config|context|manager|helper|helpers|util|utils|common|misc|service";

export const wordRules: readonly WordRule[] = [
  { name: "as any", pattern: /\bas any\b/g, in: "Code", instead: "`unknown` and a check", allowed: nowhere, canary: "const x = y as any;" },
  { name: "as unknown as", pattern: /\bas unknown as\b/g, in: "Code", instead: "a check that tells the compiler what it is", allowed: nowhere, canary: "y as unknown as X" },
  { name: "@ts-ignore", pattern: /@ts-(?:ignore|nocheck|expect-error)/g, in: "Text", instead: "a type that fits", allowed: inTests, canary: "// @ts-ignore" },
  { name: "JSON.parse", pattern: /\bJSON\.parse\b/g, in: "Code", instead: "dataplane/wire/json.ts, which is bounded and does not throw", allowed: parsers, canary: "JSON.parse(text)" },
  { name: "Date.now", pattern: /\bDate\.now\b|\bnew Date\(\)/g, in: "Code", instead: "the clock that was handed in: clock.now()", allowed: clocks, canary: "const at = Date.now();" },
  { name: "performance.now", pattern: /\bperformance\.now\b|\bprocess\.hrtime\b/g, in: "Code", instead: "clock.tick()", allowed: clocks, canary: "performance.now()" },
  { name: "setTimeout", pattern: /\bset(?:Timeout|Interval)\b|\bAbortSignal\.timeout\b/g, in: "Code", instead: "clock.after() or clock.sleep()", allowed: clocks, canary: "setTimeout(run, 5)" },
  { name: "node:timers", pattern: /["']node:timers/g, in: "Text", instead: "the clock that was handed in", allowed: clocks, canary: 'import { setTimeout } from "node:timers/promises";' },
  { name: "Math.random", pattern: /\bMath\.random\b/g, in: "Code", instead: "the `random` that was handed in, or node:crypto where it must not be guessed", allowed: (path) => mains(path) || path.startsWith("dataplane/telemetry/") || path.startsWith("test/bench/"), canary: "Math.random()" },
  { name: "process.env", pattern: /\bprocess\.env\b|\bprocess\s*\[\s*["']\s*["']\s*\]/g, in: "Code", instead: "a field of settings.ts, parsed once", allowed: (path) => settings(path) || path.startsWith("operator/cli/"), canary: "process.env.HOME" },
  { name: "process.on", pattern: /\bprocess\.(?:on|once)\b/g, in: "Code", instead: "an AbortSignal from the main file", allowed: (path) => mains(path) || inTests(path), canary: 'process.on("SIGTERM", stop)' },
  { name: "fetch", pattern: /(?<![.\w$#])fetch\(/g, in: "Code", instead: "dataplane/providers/upstream.ts, the only outbound caller", allowed: inTests, canary: "await fetch(url)" },
  { name: "enum", pattern: /^\s*(?:export\s+)?(?:const\s+)?enum\s/gm, in: "Code", instead: "a union of strings and a table `as const`", allowed: nowhere, canary: "export enum Kind {" },
  { name: "a mark of unfinished work", pattern: /\b(?:TODO|FIXME|XXX|HACK|TEMPORARY|STUB)\b/g, in: "Text", instead: "the work itself, or nothing", allowed: nowhere, canary: "// TODO: later" },
  { name: "a banner", pattern: /^\s*\/\/\s*[=\-*#─━]{3,}/gm, in: "Text", instead: "a file of its own, or nothing", allowed: nowhere, canary: "// ======== sockets ========" },
  { name: "commented-out code", pattern: /^\s*\/\/.*(?:;|\)\s*\{|=> \{)\s*$/gm, in: "Text", instead: "nothing: the history keeps it", allowed: nowhere, canary: "// const old = compute();" },
  { name: "a path of somebody's machine", pattern: /(?<![\w.~$}*-])\/(?:work|home|root|Users)\/\w/g, in: "Text", instead: "a path from the repository's root, or a temporary folder from node:os", allowed: nowhere, canary: 'read("/root/notes.md")' },
  { name: "a temporary folder by name", pattern: /(?<![\w.~$}*-])\/tmp\b/g, in: "Text", instead: "tmpdir() of node:os", allowed: nowhere, canary: 'write("/tmp/state")' },
  { name: "../shared", pattern: /\.\.\/shared\b/g, in: "Text", instead: "a file of this repository", allowed: inTests, canary: "see ../shared/notes.md" },
  { name: "a number of an issue", pattern: /\bissue #?\d+/gi, in: "Text", instead: "the reason itself", allowed: nowhere, canary: "// see issue 12" },
  { name: "a registry's host", pattern: /\bregistry\.\w+\.\w+|\bpypi\.org\b/gi, in: "Text", instead: "the client's own setting", allowed: nowhere, canary: "https://registry.example.org/x" },
  { name: "a file called after nothing", pattern: new RegExp(`(?:^|[/.-])(?:${emptyWords})(?=[/.-]|$)`, "g"), in: "Path", instead: "the name of what is in it", allowed: (path) => path === "vitest.config.ts", canary: "dataplane/http-utils.ts" },
  { name: "a file that is not kebab-case", pattern: /[A-Z_\s]/g, in: "Path", instead: "lower case and hyphens", allowed: nowhere, canary: "dataplane/HttpServer.ts" },
  { name: "a numbered file", pattern: /(?:^|[/-])v?\d+(?=\.(?:test\.)?ts$)/g, in: "Path", instead: "what is different about it", allowed: nowhere, canary: "dataplane/retry-2.ts" },
  { name: "a type called after nothing", pattern: /\b(?:class|interface|type)\s+(?:\w*(?:Manager|Helper|Util|Utils|Service|Config)|Backend|Context|Common|Misc)\b(?=\s*(?:[<={]|extends|implements))/g, in: "Code", instead: "what it is", allowed: nowhere, canary: "export interface RouteManager {" },
  abbreviation("req", "request"),
  abbreviation("res", "response"),
  abbreviation("ctx", "what it holds"),
  abbreviation("cfg", "settings"),
  abbreviation("opts", "options"),
  abbreviation("msg", "message"),
  abbreviation("e", "error"),
  abbreviation("err", "error"),
  abbreviation("cb", "what is called, and when"),
];

/** What the rule finds in a source: one sentence each. */
export const findingsOf = (rule: WordRule, source: Pick<Source, "path" | "text" | "code">): string[] => {
  if (rule.allowed(source.path)) return [];
  const text = { Code: source.code, Text: source.text, Path: source.path }[rule.in];
  return [...text.matchAll(rule.pattern)].map((match) => {
    const place = rule.in === "Path" ? source.path : placeOf(source, match.index);
    return `${place}: ${rule.name} ("${match[0].trim().slice(0, 60)}"); write ${rule.instead}`;
  });
};
