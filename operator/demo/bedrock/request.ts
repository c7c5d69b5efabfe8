// The shape of a Converse request: what may stand where, and nothing else.
// It refuses more than AWS does, which passes over members it does not know: here a wrong translation is to be seen.
import { z } from "zod";
import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";

const object = z.custom<JsonObject>((value) => isJsonObject(value), "Provide a json object for the field and try again.");
const cachePoint = z.strictObject({ type: z.literal("default"), ttl: z.enum(["5m", "1h"]).optional() });
const bytes = z.strictObject({ bytes: z.string().optional(), s3Location: z.strictObject({ uri: z.string(), bucketOwner: z.string().optional() }).optional() });
const image = z.strictObject({ format: z.enum(["png", "jpeg", "gif", "webp"]), source: bytes });
const document = z.strictObject({
  format: z.enum(["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]).optional(),
  name: z.string().min(1).max(200).regex(/^[A-Za-z0-9()[\]-]+(?: [A-Za-z0-9()[\]-]+)*$/, "The document file name can only contain alphanumeric characters, single whitespace characters, hyphens, parentheses, and square brackets."),
  source: z.strictObject({ bytes: z.string().optional(), s3Location: z.unknown().optional(), text: z.string().optional(), content: z.unknown().optional() }),
  context: z.string().optional(),
  citations: z.strictObject({ enabled: z.boolean() }).optional(),
});
const media = z.strictObject({ format: z.string(), source: bytes });
const CALL_ID = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+ and have length less than or equal to 64");
const TOOL_NAME = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+ and have length less than or equal to 64");

const one = (holder: object): boolean => Object.values(holder).filter((value) => value !== undefined).length === 1;
const ONE = "exactly one member must be set";

const resultContent = z
  .strictObject({
    text: z.string().optional(), json: object.optional(), image: image.optional(), document: document.optional(), video: media.optional(), searchResult: z.unknown().optional(),
  })
  .refine(one, ONE);
const toolUse = z.strictObject({ toolUseId: CALL_ID, name: TOOL_NAME, input: object, type: z.string().optional() });
const toolResult = z.strictObject({ toolUseId: CALL_ID, content: z.array(resultContent), status: z.enum(["success", "error"]).optional(), type: z.string().optional() });
const reasoning = z
  .strictObject({ reasoningText: z.strictObject({ text: z.string(), signature: z.string().optional() }).optional(), redactedContent: z.string().optional() })
  .refine(one, ONE);
const block = z
  .strictObject({
    text: z.string().optional(),
    image: image.optional(),
    document: document.optional(),
    video: media.optional(),
    audio: media.optional(),
    toolUse: toolUse.optional(),
    toolResult: toolResult.optional(),
    reasoningContent: reasoning.optional(),
    cachePoint: cachePoint.optional(),
    guardContent: z.unknown().optional(),
    citationsContent: z.unknown().optional(),
    searchResult: z.unknown().optional(),
  })
  .refine(one, ONE);
const message = z.strictObject({ role: z.enum(["user", "assistant"]), content: z.array(block).min(1) });
const system = z.strictObject({ text: z.string().min(1).optional(), guardContent: z.unknown().optional(), cachePoint: cachePoint.optional() }).refine(one, ONE);

const toolSpec = z.strictObject({
  name: TOOL_NAME,
  description: z.string().min(1).optional(),
  inputSchema: z.strictObject({ json: z.looseObject({ type: z.literal("object") }) }),
  strict: z.boolean().optional(),
});
const tool = z.strictObject({ toolSpec: toolSpec.optional(), cachePoint: cachePoint.optional(), systemTool: z.unknown().optional() }).refine(one, ONE);
const toolChoice = z
  .strictObject({ auto: z.strictObject({}).optional(), any: z.strictObject({}).optional(), tool: z.strictObject({ name: TOOL_NAME }).optional() })
  .refine(one, ONE);

/** Passed to the model as they are: here those of Anthropic's models. */
const modelFields = z.strictObject({
  thinking: z.strictObject({ type: z.enum(["enabled", "disabled", "adaptive"]), budget_tokens: z.int().min(1024).optional(), display: z.string().optional() }).optional(),
  tool_choice: z.strictObject({ type: z.enum(["auto", "any", "tool", "none"]), name: z.string().optional(), disable_parallel_tool_use: z.boolean().optional() }).optional(),
  output_config: z.looseObject({ effort: z.string().optional() }).optional(),
  anthropic_beta: z.array(z.string()).optional(),
  top_k: z.int().optional(),
  reasoning_config: z.unknown().optional(),
  metadata: z.unknown().optional(),
});
const textFormat = z.strictObject({
  type: z.literal("json_schema"),
  structure: z.strictObject({ jsonSchema: z.strictObject({ schema: z.string(), name: z.string().optional(), description: z.string().optional() }) }),
});

const members = {
  messages: z.array(message).min(1),
  system: z.array(system).optional(),
  toolConfig: z.strictObject({ tools: z.array(tool).min(1), toolChoice: toolChoice.optional() }).optional(),
  additionalModelRequestFields: modelFields.optional(),
};

export const converseRequest = z.strictObject({
  ...members,
  inferenceConfig: z
    .strictObject({
      maxTokens: z.int().min(1).optional(),
      temperature: z.number().min(0).max(1).optional(),
      topP: z.number().min(0).max(1).optional(),
      stopSequences: z.array(z.string().min(1)).max(2500).optional(),
    })
    .optional(),
  guardrailConfig: z.unknown().optional(),
  promptVariables: z.unknown().optional(),
  additionalModelResponseFieldPaths: z.array(z.string()).optional(),
  requestMetadata: z.record(z.string(), z.string()).optional(),
  performanceConfig: z.strictObject({ latency: z.string() }).optional(),
  serviceTier: z.strictObject({ type: z.string() }).optional(),
  outputConfig: z.strictObject({ textFormat: textFormat.optional(), effort: z.string().optional() }).optional(),
});
export const countRequest = z.strictObject({
  input: z.strictObject({ converse: z.strictObject(members).optional(), invokeModel: z.strictObject({ body: z.string() }).optional() }).refine(one, ONE),
});

export type ConverseRequest = z.output<typeof converseRequest>;
export type Message = z.output<typeof message>;
export type Block = z.output<typeof block>;
export type ToolResult = z.output<typeof toolResult>;
