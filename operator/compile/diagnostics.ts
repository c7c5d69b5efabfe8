// What compile has to say about each object, and the catalogue of everything that it can say.
// Words for people: what is wrong and what to do about it. No decision is made here.
import { keyOf, own, type ObjectRef } from "../world.ts";

export type ConditionType = "Accepted" | "ResolvedRefs" | "InForce";

interface Row {
  condition: ConditionType;
  /** An error turns the condition False; a warning leaves it True and is still told. */
  severity: "error" | "warning";
  /** {name} is filled in from the finding's details. */
  message: string;
}

/** In order of weight: the first that an object has gives its condition the reason. */
export const reasons = {
  Invalid: { condition: "Accepted", severity: "error", message: "{path}{problem}" },
  IdentityElsewhere: { condition: "Accepted", severity: "error", message: "{where} not in {cloud}: the data plane's own identity is sent to {hosts} only; name a Secret with {field}" },
  InsecureEndpoint: { condition: "Accepted", severity: "error", message: "endpoint {url} is not encrypted; use https://, or say network: Private if it is a server of your own" },
  NoGateway: { condition: "Accepted", severity: "error", message: "none of the gateways that the route names exists" },
  NoModels: { condition: "Accepted", severity: "error", message: "no model name leads here: write spec.models, such as [\"support-chat\"] or [\"*\"] for every name, or give a target a model, or list models on {providers}" },
  TooManyModels: { condition: "Accepted", severity: "error", message: "the targets offer {count} models, more than the {most} that a route may claim: write the wanted ones to spec.models" },
  Conflicted: { condition: "Accepted", severity: "error", message: "every model name of this route belongs to another one, which is older or first by name: {losses}. Choose other names, another gateway, or delete one of the routes" },
  NotExpressible: { condition: "Accepted", severity: "error", message: "the gateways cannot be told this: {problem}" },
  SnapshotInvalid: { condition: "Accepted", severity: "error", message: "gateway {gateway} gets no new configuration, because of a mistake in the compiler: {problem}" },
  PartiallyConflicted: { condition: "Accepted", severity: "warning", message: "some of the model names belong to other routes, which are older or first by name: {losses}" },
  PrivateRangesEmpty: { condition: "Accepted", severity: "warning", message: "network is Private, but gateway {gateway} allows no private addresses: add the provider's range to privateRanges in its settings" },
  NoNamespaceMatches: { condition: "Accepted", severity: "warning", message: "no namespace has the labels of callers.namespaces.selector, so that nobody may use this route" },
  CallerKeyConflict: { condition: "Accepted", severity: "error", message: "key \"{key}\" has the same value as one of Secret {winner}, whose caller it stays; give this caller a key of its own" },
  CallerWithoutKey: { condition: "Accepted", severity: "error", message: "the Secret is labelled as a caller's but holds no key" },
  CallerKeyUnusable: { condition: "Accepted", severity: "error", message: "key \"{key}\" cannot be used: {problem}" },
  CallerExpiryInvalid: { condition: "Accepted", severity: "error", message: "{field} is \"{value}\", not a date such as 2027-01-31 or 2027-01-31T12:00:00Z; the caller's keys are refused until it is corrected" },
  CallerModelsInvalid: { condition: "Accepted", severity: "error", message: "{field} has \"{value}\", not a model name or a prefix that ends in one *; the caller's keys are refused until it is corrected" },
  CallerWordTooLong: { condition: "Accepted", severity: "error", message: "{field} is longer than {most} characters; the caller's keys are refused until it is shortened" },
  UnknownGateway: { condition: "ResolvedRefs", severity: "error", message: "there is no gateway {gateway} (there are: {known})" },
  ProviderNotFound: { condition: "ResolvedRefs", severity: "error", message: "LLMProvider {provider} does not exist" },
  ProviderInvalid: { condition: "ResolvedRefs", severity: "error", message: "LLMProvider {provider} is not valid; its own status says why" },
  ProviderNotUsable: { condition: "ResolvedRefs", severity: "error", message: "LLMProvider {provider} cannot be used{cause}" },
  RefNotPermitted: { condition: "ResolvedRefs", severity: "error", message: "LLMProvider {provider} does not allow routes of namespace {namespace}; its owner can, with allowedRoutes" },
  ModelNotOffered: { condition: "ResolvedRefs", severity: "error", message: "LLMProvider {provider} does not list model {model}; it lists: {offered}" },
  NoTargets: { condition: "ResolvedRefs", severity: "error", message: "no target is left, so that requests get a 503 that names this route" },
  SecretNotFound: { condition: "ResolvedRefs", severity: "error", message: "Secret {secret} does not exist in namespace {namespace}" },
  SecretKeyNotFound: { condition: "ResolvedRefs", severity: "error", message: "Secret {secret} has no key \"{key}\"{cause}" },
  SecretValueUnusable: { condition: "ResolvedRefs", severity: "error", message: "key \"{key}\" of Secret {secret} cannot be used: {problem}" },
  NoUsableKey: { condition: "ResolvedRefs", severity: "error", message: "no API key with a weight above 0 is left, so that no request can be sent" },
  ConfigMapNotFound: { condition: "ResolvedRefs", severity: "error", message: "ConfigMap {configMap} does not exist in namespace {namespace}" },
  ConfigMapKeyNotFound: { condition: "ResolvedRefs", severity: "error", message: "ConfigMap {configMap} has no key \"{key}\"" },
  CertificateInvalid: { condition: "ResolvedRefs", severity: "error", message: "key \"{key}\" of {object} holds no certificate in PEM form" },
  RouteNotFound: { condition: "ResolvedRefs", severity: "error", message: "LLMRoute {route} does not exist in namespace {namespace}" },
  ModelPassedOn: { condition: "ResolvedRefs", severity: "warning", message: "LLMProvider {provider} does not list {models}, which this route claims; it is asked for them all the same" },
  FieldsNotInForce: { condition: "InForce", severity: "error", message: "these fields have no effect yet: {paths}" },
  RulesNotInForce: { condition: "InForce", severity: "error", message: "rules with `when` are left out as long as it has no effect: {rules}" },
} as const satisfies Record<string, Row>;

export type Reason = keyof typeof reasons;

export interface Finding {
  readonly condition: ConditionType;
  readonly reason: Reason;
  readonly severity: "error" | "warning";
  /** Field of the object that it is about, "" for the whole. */
  readonly path: string;
  readonly message: string;
}

export interface ObjectReport {
  readonly object: ObjectRef;
  /** Absent where the source keeps no generations. */
  readonly generation: number | undefined;
  readonly findings: readonly Finding[];
  /** The gateways whose snapshot carries this object, each with a hash of what it carries. */
  readonly carriedBy: Readonly<Record<string, string>>;
}

/** A report for each object of our kinds, and for each caller's Secret and each gateway about which there is something to say. By keyOf. */
export type Diagnostics = Readonly<Record<string, ObjectReport>>;

type Details = Readonly<Record<string, string | number>>;

export const finding = (reason: Reason, path: string, details: Details = {}): Finding => {
  const row: Row = reasons[reason];
  const message = row.message.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? ""));
  return { condition: row.condition, reason, severity: row.severity, path, message };
};

const weight = new Map(Object.keys(reasons).map((reason, index) => [reason, index]));

const byWeight = (left: Finding, right: Finding): number =>
  (weight.get(left.reason) ?? 0) - (weight.get(right.reason) ?? 0) || compareText(left.path, right.path) || compareText(left.message, right.message);

/** By code unit, on every machine the same. */
export const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

interface Draft {
  readonly object: ObjectRef;
  readonly generation: number | undefined;
  findings: readonly Finding[];
  /** Flat: gateway and fingerprint in turn. */
  carriedBy: readonly string[];
}

const NONE: readonly Finding[] = [];
const CARRIED_BY_NONE: readonly string[] = [];

/** Where the passes put what they find; order of arrival does not show in what comes out. */
export class Findings {
  readonly #drafts = new Map<string, Draft>();

  /** From here on there is a report about the object, even if there is nothing to say. */
  know(object: ObjectRef, generation?: number): void {
    this.#draftOf(object, generation);
  }

  add(object: ObjectRef, ...findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    const draft = this.#draftOf(object, undefined);
    for (const one of findings) if (!draft.findings.some((other) => isSameFinding(one, other))) draft.findings = [...draft.findings, one];
  }

  carry(object: ObjectRef, gateway: string, fingerprint: string): void {
    const draft = this.#draftOf(object, undefined);
    draft.carriedBy = draft.carriedBy.length === 0 ? [gateway, fingerprint] : [...draft.carriedBy, gateway, fingerprint];
  }

  /** What is the same as in the former diagnostics is the same object, all of them together too. */
  report(former: Diagnostics = {}): Diagnostics {
    const before = Object.keys(former);
    // Of as many keys, all of them known, none is new: then their order is known as well.
    const areKeysSame = before.length === this.#drafts.size && before.every((key) => this.#drafts.has(key));
    const keys = areKeysSame ? before : [...this.#drafts.keys()].toSorted(compareText);
    const reports = keys.map((key) => reportOf(this.#drafts.get(key) as Draft, own(former, key)));
    if (areKeysSame && reports.every((report, index) => report === former[keys[index] as string])) return former;
    // Without a prototype an object of many members is made several times as fast.
    const byKey = Object.create(null) as Record<string, ObjectReport>;
    for (const [index, key] of keys.entries()) byKey[key] = reports[index] as ObjectReport;
    return byKey;
  }

  #draftOf(object: ObjectRef, generation: number | undefined): Draft {
    const key = knownKeyOf(object);
    const known = this.#drafts.get(key);
    if (known !== undefined) return known;
    const draft = { object, generation, findings: NONE, carriedBy: CARRIED_BY_NONE };
    this.#drafts.set(key, draft);
    return draft;
  }
}

// An object is spoken of several times in each pass, mostly by the same reference.
const keys = new WeakMap<ObjectRef, string>();

const knownKeyOf = (object: ObjectRef): string => {
  const known = keys.get(object);
  if (known !== undefined) return known;
  const key = keyOf(object);
  keys.set(object, key);
  return key;
};

const isSameFinding = (left: Finding, right: Finding): boolean => left === right || (left.reason === right.reason && left.path === right.path && left.message === right.message);

const reportOf = (draft: Draft, former: ObjectReport | undefined): ObjectReport => {
  if (former !== undefined && isTold(draft, draft.findings, former)) return former;
  const findings = draft.findings.toSorted(byWeight);
  if (former !== undefined && isTold(draft, findings, former)) return former;
  return { object: draft.object, generation: draft.generation, findings, carriedBy: Object.fromEntries(pairsIn(draft.carriedBy).toSorted(([left], [right]) => compareText(left, right))) };
};

const pairsIn = (flat: readonly string[]): [string, string][] => flat.flatMap((gateway, index): [string, string][] => (index % 2 === 0 ? [[gateway, flat[index + 1] as string]] : []));

const isTold = ({ generation, carriedBy }: Draft, findings: readonly Finding[], former: ObjectReport): boolean => {
  if (generation !== former.generation || findings.length !== former.findings.length || carriedBy.length !== 2 * Object.keys(former.carriedBy).length) return false;
  for (let index = 0; index < carriedBy.length; index += 2) if (own(former.carriedBy, carriedBy[index] as string) !== carriedBy[index + 1]) return false;
  return findings.every((one, index) => isSameFinding(one, former.findings[index] as Finding));
};
