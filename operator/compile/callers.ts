// Secrets labelled as callers' → callers of the snapshot, by the hash of each key. Only hashes leave here.
// When anything about a caller is in doubt, its keys are refused: a caller is never more than what its owner wrote.
import { hash } from "node:crypto";
import type { Caller } from "../../dataplane/snapshot/schema.ts";
import { refOf, type ObjectRef, type SecretObject } from "../world.ts";
import { bornAt, inOrderOfAge, type Aged } from "./age.ts";
import { unusableAsKey, withoutLineEnd } from "./credentials.ts";
import { compareText, finding, type Finding, type Findings } from "./diagnostics.ts";
import { instantMs } from "./spans.ts";

export const CALLER_LABEL = "llmgateway.io/caller-key";
const TEAM = "llmgateway.io/team";
const COST_CENTER = "llmgateway.io/cost-center";
const EXPIRES = "llmgateway.io/expires";
const MODELS = "llmgateway.io/models";

const WORD_CHARACTERS_MAX = 253;
const MODELS_MAX = 1024;
const MODEL_CHARACTERS_MAX = 256;

/** What one Secret says of a caller, as far as it can be judged alone. */
export interface CompiledCaller extends Aged {
  readonly object: ObjectRef;
  readonly caller: Caller;
  readonly isInDoubt: boolean;
  readonly findings: readonly Finding[];
  /** Its keys that can be used, each with the hash of its value. */
  readonly digests: readonly (readonly [key: string, digest: string])[];
}

/** Undefined for a Secret that is no caller's. */
export const compileCaller = (id: string, secret: SecretObject): CompiledCaller | undefined => {
  if (secret.metadata.labels?.[CALLER_LABEL] !== "true") return undefined;
  const described = describe(id, secret);
  const { digests, findings } = digestsOf(secret);
  return {
    id, object: refOf("Secret", id), bornAt: bornAt(secret.metadata), caller: described.caller,
    isInDoubt: described.findings.length > 0, findings: [...described.findings, ...findings], digests,
  };
};

/** A value that several have is the oldest one's; the others are told. */
export const settleCallers = (compiled: readonly CompiledCaller[], findings: Findings): Record<string, Caller> => {
  const claimed = new Map<string, CompiledCaller>();
  for (const caller of inOrderOfAge(compiled)) {
    findings.add(caller.object, ...caller.findings);
    for (const [key, digest] of caller.digests) {
      const owner = claimed.get(digest);
      if (owner === undefined && !caller.isInDoubt) claimed.set(digest, caller);
      else if (owner !== undefined && owner !== caller) findings.add(caller.object, finding("CallerKeyConflict", `data.${key}`, { key, winner: owner.id }));
    }
  }
  const sorted = [...claimed].toSorted(([left], [right]) => compareText(left, right));
  return Object.fromEntries(sorted.map(([digest, { caller }]) => [digest, caller]));
};

const digestsOf = (secret: SecretObject): Pick<CompiledCaller, "digests" | "findings"> => {
  const digests: [string, string][] = [];
  const findings: Finding[] = [];
  for (const key of Object.keys(secret.data).toSorted(compareText)) {
    const text = withoutLineEnd(secret.data[key]?.reveal() ?? "");
    const problem = unusableAsKey(text);
    if (problem === undefined) digests.push([key, hash("sha256", text, "hex")]);
    else findings.push(finding("CallerKeyUnusable", `data.${key}`, { key, problem }));
  }
  for (const [key, problem] of Object.entries(secret.missing)) findings.push(finding("CallerKeyUnusable", `data.${key}`, { key, problem }));
  if (Object.keys(secret.data).length + Object.keys(secret.missing).length === 0) findings.push(finding("CallerWithoutKey", ""));
  return { digests, findings };
};

interface Described {
  readonly caller: Caller;
  /** Any of them refuses the caller. */
  readonly findings: readonly Finding[];
}

/** An annotation may hold words that a label cannot; where both are there, the annotation is meant. */
const wordOf = (secret: SecretObject, key: string): { value: string; field: string } | undefined => {
  for (const place of ["annotations", "labels"] as const) {
    const value = secret.metadata[place]?.[key]?.trim();
    if (value !== undefined && value !== "") return { value, field: `${place === "labels" ? "label" : "annotation"} ${key}` };
  }
  return undefined;
};

const describe = (id: string, secret: SecretObject): Described => {
  const team = wordOf(secret, TEAM);
  const costCenter = wordOf(secret, COST_CENTER);
  const expires = wordOf(secret, EXPIRES);
  const models = wordOf(secret, MODELS);
  const findings: Finding[] = [];
  for (const word of [team, costCenter]) {
    if (word !== undefined && word.value.length > WORD_CHARACTERS_MAX) findings.push(finding("CallerWordTooLong", "metadata", { field: word.field, most: WORD_CHARACTERS_MAX }));
  }
  const expiresAt = expires && instantMs(expires.value);
  if (expires !== undefined && expiresAt === undefined) findings.push(finding("CallerExpiryInvalid", "metadata", { field: expires.field, value: expires.value.slice(0, 64) }));
  const patterns = models && patternsOf(models.value);
  if (models !== undefined && patterns?.wrong !== undefined) findings.push(finding("CallerModelsInvalid", "metadata", { field: models.field, value: patterns.wrong.slice(0, 64) }));
  const caller: Caller = {
    name: id,
    namespace: refOf("Secret", id).namespace,
    ...(team && { team: team.value }),
    ...(costCenter && { costCenter: costCenter.value }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(patterns && { models: patterns.names }),
  };
  return { caller, findings };
};

const patternsOf = (text: string): { names: string[]; wrong?: string } => {
  const names = [...new Set(text.split(",").map((name) => name.trim()).filter((name) => name !== ""))].toSorted(compareText);
  const wrong = names.find((name) => !/^[^\s*]*\*?$/.test(name) || name.length > MODEL_CHARACTERS_MAX) ?? names[MODELS_MAX];
  return wrong === undefined ? { names } : { names, wrong };
};
