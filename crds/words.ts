// What zod found, said in the words of the API server, so that a manifest reads the same verdict everywhere.
// It translates; it decides nothing.
import type { z } from "zod";
import { joinPath, typeWord } from "./path.ts";
import type { Problem } from "./path.ts";
import { tooLong } from "./shared.ts";
import type { Structural } from "./structural.ts";

type Issue = z.core.$ZodIssue;

/** The schema at a path, if the path exists in it. */
function schemaAt(schema: Structural | undefined, steps: readonly PropertyKey[]): Structural | undefined {
  return steps.reduce<Structural | undefined>(
    (at, step) => (typeof step === "number" ? at?.items : at?.properties?.[String(step)] ?? at?.additionalProperties),
    schema,
  );
}

function wrongType(issue: Issue, path: string, expected: Structural | undefined): string {
  const type = expected?.type ?? "object";
  const given = typeWord(issue.input) === "number" && type === "integer" ? "float64" : typeWord(issue.input);
  const wanted = expected?.format ?? type;
  return `Invalid value: "${given}": ${path} in body must be of type ${wanted}: "${given}"`;
}

function tooSmall(issue: z.core.$ZodIssueTooSmall, path: string): string {
  if (issue.origin === "array") return `Invalid value: ${Array.isArray(issue.input) ? issue.input.length : 0}: ${path} in body should have at least ${issue.minimum} items`;
  if (issue.origin === "string") return `Invalid value: ${JSON.stringify(issue.input)}: ${path} in body should be at least ${issue.minimum} chars long`;
  return `Invalid value: ${String(issue.input)}: ${path} in body should be greater than or equal to ${issue.minimum}`;
}

function tooBig(issue: z.core.$ZodIssueTooBig, path: string): string {
  if (issue.origin === "array") return `Too many: ${Array.isArray(issue.input) ? issue.input.length : 0}: must have at most ${issue.maximum} items`;
  if (issue.origin === "string") return tooLong(Number(issue.maximum));
  return `Invalid value: ${String(issue.input)}: ${path} in body should be less than or equal to ${issue.maximum}`;
}

function unsupported(issue: z.core.$ZodIssueInvalidValue, path: string, expected: Structural | undefined): string {
  if (typeof issue.input !== "string") return wrongType(issue, path, expected);
  const supported = issue.values.map((value) => JSON.stringify(value)).join(", ");
  return `Unsupported value: ${JSON.stringify(issue.input)}: supported values: ${supported}`;
}

function messageOf(issue: Issue, path: string, expected: Structural | undefined): string {
  if (issue.input === undefined && (issue.code === "invalid_type" || issue.code === "invalid_value")) return "Required value";
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue, path, expected);
    case "invalid_value":
      return unsupported(issue, path, expected);
    case "too_small":
      return tooSmall(issue, path);
    case "too_big":
      return tooBig(issue, path);
    case "invalid_key":
      return `Invalid value: ${JSON.stringify(issue.path.at(-1))}: a name has lower case letters, digits and "-" only, and at most 63 of them`;
    case "invalid_format":
      return `Invalid value: ${JSON.stringify(issue.input)}: ${path} in body should match '${expected?.pattern ?? ''}'`;
    default:
      return issue.message;
  }
}

/** The API server stops at the first thing that is wrong with a value, in this order. */
const order: readonly Issue["code"][] = ["invalid_type", "invalid_value", "custom", "too_big", "too_small", "invalid_format"];

function firstOfEachPath(issues: readonly Issue[]): Issue[] {
  const sorted = issues.toSorted((one, other) => order.indexOf(one.code) - order.indexOf(other.code));
  const first = new Map<string, Issue>();
  for (const issue of sorted) {
    const path = JSON.stringify(issue.path);
    if (!first.has(path)) first.set(path, issue);
  }
  return issues.filter((issue) => first.get(JSON.stringify(issue.path)) === issue);
}

/** The problems that zod found, each at its path below `root`. */
export function inWords(issues: readonly Issue[], schema: Structural, root: string): Problem[] {
  return firstOfEachPath(issues).flatMap((issue) => {
    const path = joinPath(root, issue.path);
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: joinPath(path, [key]), message: `unknown field "${joinPath(path, [key])}"` }));
    return [{ path, message: messageOf(issue, path === "" ? "it" : path, schemaAt(schema, issue.path)) }];
  });
}
