// What readers and writers of chat completions share: names of the protocol and of what can be lost, and how opaque values are told to its clients.
// It reads and writes no message.
import type { ProtocolName } from "../../snapshot/schema.ts";
import { unwrap, wrap } from "../carrier.ts";
import type { Extras, Opaque } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";

export const NAME = "openai-chat" satisfies ProtocolName;

const none: JsonObject = {};

export const ownExtras = (holder: { readonly extras?: Extras } | undefined): JsonObject => holder?.extras?.[NAME] ?? none;

export const hasOwnExtras = (holder: { readonly extras?: Extras }): boolean => holder.extras?.[NAME] !== undefined;

const isOwn = ({ origin }: Opaque): boolean => origin === NAME || origin.startsWith(`${NAME}/`);

/**
 * For a client: the only value as it is when a provider of this protocol made it, otherwise all of them in one wrapping.
 * So is one that another gateway wrapped: it must come back as that gateway's.
 */
export const tellOpaques = (opaques: readonly Opaque[]): string => {
  const [first] = opaques;
  return first !== undefined && opaques.length === 1 && isOwn(first) && unwrap(first.value) === null ? first.value : wrap(opaques);
};

/** From a client: what was wrapped, or a value of this protocol's. */
export const readOpaques = (text: string, kind: Opaque["kind"]): readonly Opaque[] => unwrap(text) ?? [{ kind, origin: NAME, value: text }];

export { chatFields as fieldNames } from "../openai-fields.ts";

/** What the answer's form, its kind or its sources hang on. */
export const majorExtras: ReadonlySet<string> = new Set([
  "response_format", "modalities", "audio", "plugins", "enable_search", "search_parameters", "structured_outputs",
  "guided_json", "guided_regex", "guided_choice", "guided_grammar", "grammar", "json_schema",
]);

/** What an answer said and its reader gave back with it, and what is done anyway. */
export const quietExtras: ReadonlySet<string> = new Set([
  "stream_options", "include_reasoning", "reasoning_detail", "extra_content", "thinking_blocks", "provider_specific_fields", "provider_metadata", "expires_at",
]);
