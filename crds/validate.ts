// The verdict on one object, and on the gateway's settings: the one that the API server would give, in its words. Pure.
// It looks at one object at a time: whether what it refers to exists is the compiler's question.
import type { z } from "zod";
import { budgetSpec } from "./budget.ts";
import { brokenRules } from "./cel.ts";
import { gatewaySettingsFile } from "./gateway-settings.ts";
import type { GatewaySettingsFile } from "./gateway-settings.ts";
import { isKind, kinds } from "./kinds.ts";
import type { AnyObject, Kind } from "./kinds.ts";
import { metadataOf, metadataProblems } from "./metadata.ts";
import { isFields } from "./path.ts";
import type { Fields, Problem } from "./path.ts";
import { providerSpec } from "./provider.ts";
import { routeSpec } from "./route.ts";
import { apiVersion } from "./shared.ts";
import { budgetStatus, providerStatus, routeStatus } from "./status.ts";
import { repeatedOrTooMany, unknownFields, withoutNulls } from "./structure-check.ts";
import { structuralOf } from "./structural.ts";
import type { Structural } from "./structural.ts";
import { inWords } from "./words.ts";

export { kinds } from "./kinds.ts";
export type { AnyObject, Kind } from "./kinds.ts";
export type { Problem } from "./path.ts";

/** `object` is there, with its defaults, exactly when there are no problems. */
export type Verdict = { object?: AnyObject; problems: Problem[] };
export type SettingsVerdict = { settings?: GatewaySettingsFile; problems: Problem[] };

const structurals: Record<Kind, Structural> = {
  LLMProvider: structuralOf(kinds.LLMProvider.spec, "spec"),
  LLMRoute: structuralOf(kinds.LLMRoute.spec, "spec"),
  LLMBudget: structuralOf(kinds.LLMBudget.spec, "spec"),
};
const statusStructurals: Record<Kind, Structural> = {
  LLMProvider: structuralOf(kinds.LLMProvider.status, "status"),
  LLMRoute: structuralOf(kinds.LLMRoute.status, "status"),
  LLMBudget: structuralOf(kinds.LLMBudget.status, "status"),
};
const settingsStructural = structuralOf(gatewaySettingsFile, "");

const topLevel = new Set(["apiVersion", "kind", "metadata", "spec", "status"]);

/** What the rules compare with: the old spec with its defaults, if it was valid. */
function oldSpecOf(kind: Kind, old: unknown): unknown {
  if (!isFields(old) || old["kind"] !== kind) return undefined;
  return kinds[kind].spec.safeParse(withoutNulls(structurals[kind], old["spec"])).data;
}

function specProblems(kind: Kind, spec: unknown, old: unknown): Problem[] {
  const structural = structurals[kind];
  const parsed = kinds[kind].spec.safeParse(withoutNulls(structural, spec ?? undefined), { reportInput: true });
  if (!parsed.success) return inWords(parsed.error.issues, structural, "spec");
  return [...repeatedOrTooMany(structural, parsed.data, "spec"), ...brokenRules(structural, parsed.data, oldSpecOf(kind, old), "spec")];
}

function typeProblems(object: Fields): Problem[] {
  const wrong = (path: string, value: unknown, supported: readonly string[]): Problem =>
    value === undefined
      ? { path, message: "Required value" }
      : { path, message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => `"${one}"`).join(', ')}` };
  return [
    ...(object["apiVersion"] === apiVersion ? [] : [wrong("apiVersion", object["apiVersion"], [apiVersion])]),
    ...(isKind(object["kind"]) ? [] : [wrong("kind", object["kind"], Object.keys(kinds))]),
  ];
}

const statusOf = <Schema extends z.ZodType>(schema: Schema, status: unknown): { status?: z.output<Schema> } => {
  const parsed = schema.safeParse(status);
  return parsed.success ? { status: parsed.data } : {};
};

function typed(kind: Kind, object: Fields): AnyObject {
  const metadata = metadataOf(object["metadata"]);
  const spec = withoutNulls(structurals[kind], object["spec"]);
  switch (kind) {
    case "LLMProvider":
      return { apiVersion, kind, metadata, spec: providerSpec.parse(spec), ...statusOf(providerStatus, object["status"]) };
    case "LLMRoute":
      return { apiVersion, kind, metadata, spec: routeSpec.parse(spec), ...statusOf(routeStatus, object["status"]) };
    case "LLMBudget":
      return { apiVersion, kind, metadata, spec: budgetSpec.parse(spec), ...statusOf(budgetStatus, object["status"]) };
  }
}

/** Judges an object of one of the three kinds; `old` is the object that it replaces, where it replaces one. */
export function validateObject(object: unknown, old?: unknown): Verdict {
  if (!isFields(object)) return { problems: [{ path: "", message: "not an object" }] };
  const { kind } = object;
  const wrongType = typeProblems(object);
  if (wrongType.length > 0 || !isKind(kind)) return { problems: wrongType };
  const problems = [
    ...Object.keys(object).filter((name) => !topLevel.has(name)).map((name) => ({ path: name, message: `unknown field "${name}"` })),
    ...metadataProblems(object["metadata"]),
    ...unknownFields(structurals[kind], object["spec"], "spec"),
    ...unknownFields(statusStructurals[kind], object["status"], "status"),
    ...specProblems(kind, object["spec"], old),
  ];
  return problems.length > 0 ? { problems } : { object: typed(kind, object), problems };
}

/** Judges the gateway's own settings; a key that is not known is a problem that names it. */
export function validateGatewaySettings(settings: unknown): SettingsVerdict {
  const parsed = gatewaySettingsFile.safeParse(withoutNulls(settingsStructural, settings ?? {}), { reportInput: true });
  if (!parsed.success) return { problems: inWords(parsed.error.issues, settingsStructural, "") };
  const problems = [...repeatedOrTooMany(settingsStructural, parsed.data, ""), ...brokenRules(settingsStructural, parsed.data, undefined, "")];
  return problems.length > 0 ? { problems } : { settings: parsed.data, problems };
}
