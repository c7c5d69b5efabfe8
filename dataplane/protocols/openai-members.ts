// Members of requests that OpenAI's older protocols have in common, read into the neutral model; what cannot be understood
// is told once, with its cure. Whether a value makes sense is for the provider to judge.
import type { ProtocolName } from "../snapshot/schema.ts";
import { isObject, type Json } from "../wire/json.ts";
import type { Invalid } from "./codec.ts";
import type { Extras, Sampling } from "./ir.ts";
import type { JsonObject } from "./json-members.ts";
import { problemOfLimit } from "./senseless.ts";

/** Also one that is kept as it was written. */
export const numberIn = (value: Json | undefined): number | null => {
  if (typeof value === "number") return value;
  const written = isObject(value) ? value["rawJSON"] : undefined;
  return typeof written === "string" && written !== "" && Number.isFinite(Number(written)) ? Number(written) : null;
};

const NO_NAMES: ReadonlySet<string> = new Set();
const nothing: JsonObject = {};

/** Most say nothing that is not known: then what is left of them need not be looked for. */
export const hasOthers = (members: JsonObject, known: ReadonlySet<string>): boolean => {
  for (const key in members) if (!known.has(key)) return true;
  return false;
};

/** Not to be written to: what is left of most is one and the same nothing. */
export const without = (members: JsonObject, known: ReadonlySet<string>): Readonly<JsonObject> =>
  hasOthers(members, known) ? Object.fromEntries(Object.entries(members).filter(([key]) => !known.has(key))) : nothing;

const isNothing = (value: Json | undefined): value is null | undefined => value === undefined || value === null;

/** To be spread into what has extras; nothing when there are none. What is null says nothing. */
export const extrasOf = (protocol: ProtocolName, members: JsonObject): { readonly extras?: Extras } => {
  if (!hasOthers(members, NO_NAMES)) return {};
  const entries = Object.entries(members).filter(([, value]) => value !== null);
  return entries.length === 0 ? {} : { extras: { [protocol]: Object.fromEntries(entries) } };
};

export class MemberReader {
  /** The first thing that could not be understood. */
  problem: Invalid | null = null;
  /** Paths of what stood inside of members that were read, and was not. */
  readonly unread: string[] = [];

  complain(parameter: string, problem: string): void {
    this.problem ??= { problem, parameter };
  }

  number(members: JsonObject, key: string): number | null {
    const value = members[key];
    if (isNothing(value)) return null;
    const number = numberIn(value);
    if (number === null) this.complain(key, `"${key}" must be a number.`);
    return number;
  }

  /** Of the answer, in tokens. */
  limit(members: JsonObject, key: string): number | null {
    const limit = this.number(members, key);
    this.problem ??= problemOfLimit(limit, key);
    return limit;
  }

  flag(members: JsonObject, key: string): boolean | null {
    const value = members[key];
    if (isNothing(value)) return null;
    if (typeof value === "boolean") return value;
    this.complain(key, `"${key}" must be true or false.`);
    return null;
  }

  text(members: JsonObject, key: string): string | null {
    const value = members[key];
    if (isNothing(value)) return null;
    if (typeof value === "string") return value;
    this.complain(key, `"${key}" must be a string.`);
    return null;
  }

  /** One string or several. */
  texts(members: JsonObject, key: string): string[] {
    const value = members[key];
    if (isNothing(value)) return [];
    const texts = typeof value === "string" ? [value] : value;
    if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) return texts;
    this.complain(key, `"${key}" must be a string or a list of strings.`);
    return [];
  }

  /** A list of objects, each with where it stands. */
  objects(value: Json | undefined, path: string): { readonly at: string; readonly members: JsonObject }[] {
    if (isNothing(value)) return [];
    if (!Array.isArray(value)) {
      this.complain(path, `"${path}" must be a list.`);
      return [];
    }
    const objects: { readonly at: string; readonly members: JsonObject }[] = [];
    for (let index = 0; index < value.length; index += 1) {
      const members = value[index];
      const at = `${path}[${index}]`;
      if (isObject(members)) objects.push({ at, members });
      else this.complain(at, `"${at}" must be an object.`);
    }
    return objects;
  }
}

/** `limits`: the members that limit the output, the first that is there counts. */
export const readSampling = (reader: MemberReader, body: JsonObject, limits: readonly string[], logprobs: number | null): Sampling => {
  const limit = limits.find((key) => !isNothing(body[key]));
  return {
    maxOutputTokens: limit === undefined ? null : reader.limit(body, limit),
    temperature: reader.number(body, "temperature"),
    topP: reader.number(body, "top_p"),
    topK: reader.number(body, "top_k"),
    seed: reader.number(body, "seed"),
    presencePenalty: reader.number(body, "presence_penalty"),
    frequencyPenalty: reader.number(body, "frequency_penalty"),
    stop: reader.texts(body, "stop"),
    choices: reader.number(body, "n"),
    logprobs,
  };
};

export const samplingMembers = ["temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty", "stop", "n"] as const;

interface StreamOptions {
  readonly isUsageWanted: boolean;
  /** What else was said. */
  readonly rest: Readonly<JsonObject>;
}

/** What is in them is padding, which nobody misses. */
export const streamShape = { include_usage: true, include_obfuscation: true } as const;

const streamMembers: ReadonlySet<string> = new Set(["include_usage"]);
const noStreamOptions: StreamOptions = { isUsageWanted: false, rest: nothing };

/** Whether the stream shall tell usage, and what else was said of it. */
export const readStreamOptions = (value: Json | undefined): StreamOptions =>
  isObject(value) ? { isUsageWanted: value["include_usage"] === true, rest: without(value, streamMembers) } : noStreamOptions;
