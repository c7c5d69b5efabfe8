// The shape of a Messages request: what may stand where, and nothing else.
// It refuses what it does not know, as the real API does; what only a whole conversation shows is checked in conversation.ts.
import { z } from "zod";
import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";

const object = z.custom<JsonObject>((value) => isJsonObject(value), "Input should be a valid dictionary");
const cache = z.strictObject({ type: z.literal("ephemeral"), ttl: z.enum(["5m", "1h"]).optional() }).nullish();
const callId = z.string().regex(/^[a-zA-Z0-9_-]+$/, "String should match pattern '^[a-zA-Z0-9_-]+$'");

const USER_ID_CHARACTERS_MAX = 256;
const userId = z.string().max(USER_ID_CHARACTERS_MAX).refine((id) => !/\S@\S+\.\S/.test(id), "user_id appears to contain an email address");

const text = z.strictObject({ type: z.literal("text"), text: z.string(), cache_control: cache, citations: z.array(z.unknown()).nullish() });
const imageSource = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("base64"), media_type: z.enum(["image/jpeg", "image/png", "image/gif", "image/webp"]), data: z.string() }),
  z.strictObject({ type: z.literal("url"), url: z.string() }),
  z.strictObject({ type: z.literal("file"), file_id: z.string() }),
]);
const image = z.strictObject({ type: z.literal("image"), source: imageSource, cache_control: cache });
const document = z.strictObject({
  type: z.literal("document"),
  source: z.looseObject({ type: z.enum(["base64", "text", "content", "url", "file"]), data: z.string().optional(), media_type: z.string().optional() }),
  title: z.string().nullish(),
  context: z.string().nullish(),
  citations: z.strictObject({ enabled: z.boolean().optional() }).nullish(),
  cache_control: cache,
});
const searchResult = z.looseObject({ type: z.literal("search_result"), source: z.string(), title: z.string(), content: z.array(text) });
const toolResult = z.strictObject({
  type: z.literal("tool_result"),
  tool_use_id: callId,
  content: z.union([z.string(), z.array(z.discriminatedUnion("type", [text, image, document, searchResult]))]).optional(),
  is_error: z.boolean().nullish(),
  cache_control: cache,
});
const toolUse = z.strictObject({
  type: z.literal("tool_use"), id: callId, name: z.string().min(1).max(200), input: object, cache_control: cache, caller: z.unknown().optional(),
});
const thinking = z.strictObject({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() });
const redacted = z.strictObject({ type: z.literal("redacted_thinking"), data: z.string() });
const block = z.discriminatedUnion("type", [text, image, document, searchResult, toolResult, toolUse, thinking, redacted]);

const message = z.strictObject({ role: z.enum(["user", "assistant", "system"]), content: z.union([z.string(), z.array(block)]) });
const ownTool = z.strictObject({
  type: z.literal("custom").nullish(),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/, "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"),
  description: z.string().optional(),
  input_schema: z.looseObject({ type: z.literal("object") }),
  strict: z.boolean().optional(),
  cache_control: cache,
  defer_loading: z.boolean().optional(),
  allowed_callers: z.array(z.string()).optional(),
  eager_input_streaming: z.boolean().nullish(),
  input_examples: z.array(object).optional(),
});
/** Run by the vendor; taken here, and never called. */
const hostedTool = z.looseObject({ type: z.string().regex(/_\d{8}$/), name: z.string() });
const parallel = { disable_parallel_tool_use: z.boolean().optional() };
const toolChoice = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("auto"), ...parallel }),
  z.strictObject({ type: z.literal("any"), ...parallel }),
  z.strictObject({ type: z.literal("tool"), name: z.string(), ...parallel }),
  z.strictObject({ type: z.literal("none") }),
]);
const display = { display: z.enum(["summarized", "omitted"]).nullish() };
const thinkingAsked = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("enabled"), budget_tokens: z.int().min(1024, "Input should be greater than or equal to 1024"), ...display }),
  z.strictObject({ type: z.literal("adaptive"), ...display }),
  z.strictObject({ type: z.literal("disabled") }),
]);
const format = z.strictObject({ type: z.literal("json_schema"), schema: object });

const shared = {
  model: z.string(),
  messages: z.array(message).min(1, "at least one message is required"),
  system: z.union([z.string(), z.array(text)]).optional(),
  tools: z.array(z.union([ownTool, hostedTool])).optional(),
  tool_choice: toolChoice.optional(),
  thinking: thinkingAsked.optional(),
  output_config: z.strictObject({ effort: z.enum(["low", "medium", "high", "xhigh", "max"]).nullish(), format: format.nullish() }).optional(),
  cache_control: cache,
  mcp_servers: z.array(z.unknown()).optional(),
  context_management: z.unknown().optional(),
  speed: z.string().nullish(),
};

export const countRequest = z.strictObject(shared);
export const messagesRequest = z.strictObject({
  ...shared,
  max_tokens: z.int().min(1),
  metadata: z.strictObject({ user_id: userId.nullish() }).optional(),
  stop_sequences: z.array(z.string()).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1, "temperature: range: 0..1").optional(),
  top_k: z.int().optional(),
  top_p: z.number().min(0).max(1).optional(),
  service_tier: z.enum(["auto", "standard_only"]).optional(),
  container: z.unknown().optional(),
  inference_geo: z.string().nullish(),
});

export type CountRequest = z.output<typeof countRequest>;
export type MessagesRequest = z.output<typeof messagesRequest>;
export type Block = z.output<typeof block>;
export type Message = z.output<typeof message>;
export type OwnTool = z.output<typeof ownTool>;
