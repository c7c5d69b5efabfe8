// Which fields of a spec were set although nothing acts on them yet: the list that keeps any of them from being ignored in silence.
// It only compares with the defaults; telling the user is up to whoever asks. A behaviour that arrives deletes its line here.
import { isDeepStrictEqual } from "node:util";
import { providerSpec } from "./provider.ts";
import { routeSpec } from "./route.ts";

type Kind = "LLMProvider" | "LLMRoute" | "LLMBudget";
type Fields = Readonly<Record<string, unknown>>;
type Finder = (spec: Fields) => string[];

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Paths below `path` at which `value` says something else than `usual`. */
function differing(value: unknown, usual: unknown, path: string): string[] {
  if (value === undefined || isDeepStrictEqual(value, usual)) return [];
  if (!isFields(value) || !isFields(usual)) return [path];
  return Object.keys(value).flatMap((name) => differing(value[name], usual[name], `${path}.${name}`));
}

const noResidency: Fields = { zeroDataRetention: false };
const providerDefaults: Fields = providerSpec.parse({ type: "OpenAI" });
const routeDefaults: Fields = routeSpec.parse({});

const modelFieldsToCome = ["contextTokens", "capabilities", "quality", "price"] as const;

function inProvider(spec: Fields): string[] {
  const auth = fieldsOf(spec["auth"]);
  return [
    ...itemsOf(auth["keys"]).flatMap((key, at) => differing(fieldsOf(key)["limits"], undefined, `spec.auth.keys[${at}].limits`)),
    ...itemsOf(spec["models"]).flatMap((model, at) =>
      modelFieldsToCome.flatMap((name) => differing(fieldsOf(model)[name], undefined, `spec.models[${at}].${name}`))),
    ...differing(spec["limits"], undefined, "spec.limits"),
    ...differing(spec["breaker"], providerDefaults["breaker"], "spec.breaker"),
    ...differing(spec["prewarm"], undefined, "spec.prewarm"),
    ...differing(spec["residency"], noResidency, "spec.residency"),
  ];
}

const routeFieldsWithDefaults = ["select", "retry", "failover", "capture"] as const;
const routeFieldsToCome = ["limits", "queue", "prompt", "guards"] as const;

function inRoute(spec: Fields): string[] {
  const isCaching = spec["cache"] !== undefined && fieldsOf(spec["cache"])["mode"] !== "None";
  const stream = fieldsOf(spec["stream"]);
  return [
    ...itemsOf(spec["rules"]).flatMap((rule, at) => [
      ...differing(fieldsOf(rule)["when"], undefined, `spec.rules[${at}].when`),
      ...differing(fieldsOf(rule)["select"], routeDefaults["select"], `spec.rules[${at}].select`),
    ]),
    ...routeFieldsWithDefaults.flatMap((name) => differing(spec[name], routeDefaults[name], `spec.${name}`)),
    ...differing(stream["recovery"], "None", "spec.stream.recovery"),
    ...routeFieldsToCome.flatMap((name) => differing(spec[name], undefined, `spec.${name}`)),
    ...(isCaching ? ["spec.cache"] : []),
    ...differing(spec["residency"], noResidency, "spec.residency"),
  ];
}

const finders: Record<Kind, Finder> = { LLMProvider: inProvider, LLMRoute: inRoute, LLMBudget: () => ["spec"] };

/** Paths of the fields that somebody set and that have no effect yet; what equals a default is not reported. */
export function notInForce(kind: Kind, spec: unknown): string[] {
  return finders[kind](fieldsOf(spec));
}
