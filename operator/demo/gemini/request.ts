// The shape of a generateContent request, in camelCase: what may stand where, and nothing else.
// It refuses unknown names at every level, as the real API does.
import { z } from "zod";
import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";

const object = z.custom<JsonObject>((value) => isJsonObject(value), '(type.googleapis.com/google.protobuf.Struct), it must be an object');

const blob = z.strictObject({ mimeType: z.string(), data: z.string(), displayName: z.string().optional() });
const fileData = z.strictObject({ mimeType: z.string().optional(), fileUri: z.string(), displayName: z.string().optional() });
const functionCall = z.strictObject({ id: z.string().optional(), name: z.string().min(1), args: object.optional() });
const functionResponse = z.strictObject({
  id: z.string().optional(),
  name: z.string().min(1, "Name cannot be empty."),
  response: object,
  parts: z.array(z.strictObject({ inlineData: blob.optional(), fileData: fileData.optional() })).optional(),
  willContinue: z.boolean().optional(),
  scheduling: z.string().optional(),
});
const data = {
  text: z.string().optional(),
  inlineData: blob.optional(),
  fileData: fileData.optional(),
  functionCall: functionCall.optional(),
  functionResponse: functionResponse.optional(),
  executableCode: z.unknown().optional(),
  codeExecutionResult: z.unknown().optional(),
  toolCall: z.unknown().optional(),
  toolResponse: z.unknown().optional(),
};
const DATA_NAMES = Object.keys(data);
const part = z
  .strictObject({
    ...data,
    thought: z.boolean().optional(),
    thoughtSignature: z.string().optional(),
    videoMetadata: z.unknown().optional(),
    mediaResolution: z.unknown().optional(),
    partMetadata: z.unknown().optional(),
  })
  .refine((one) => DATA_NAMES.filter((name) => name in one).length === 1, "oneof field 'data' must have one initialized field");
const content = z.strictObject({ role: z.string().optional(), parts: z.array(part) });

/** The subset of OpenAPI that `parameters` and `responseSchema` take. */
const openApi: z.ZodType = z.strictObject({
  type: z.union([z.enum(["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "TYPE_UNSPECIFIED"]), z.enum(["string", "number", "integer", "boolean", "array", "object", "null"])]).optional(),
  ...Object.fromEntries(
    ["format", "title", "description", "nullable", "enum", "maxItems", "minItems", "required", "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "propertyOrdering", "default", "minimum", "maximum"]
      .map((name) => [name, z.unknown().optional()]),
  ),
  get properties() {
    return z.record(z.string(), openApi).optional();
  },
  get items() {
    return openApi.optional();
  },
  get anyOf() {
    return z.array(openApi).optional();
  },
});

const declaration = z.strictObject({
  name: z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/, "Invalid function name. Must start with a letter or an underscore."),
  description: z.string().optional(),
  parameters: openApi.optional(),
  parametersJsonSchema: object.optional(),
  response: z.unknown().optional(),
  responseJsonSchema: z.unknown().optional(),
  behavior: z.string().optional(),
});
const HOSTED = ["googleSearch", "googleSearchRetrieval", "urlContext", "codeExecution", "googleMaps", "fileSearch", "computerUse", "mcpServers"];
const tool = z.strictObject({
  functionDeclarations: z.array(declaration).optional(),
  ...Object.fromEntries(HOSTED.map((name) => [name, z.unknown().optional()])),
});
const mode = z.enum(["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"]);
const toolConfig = z.strictObject({
  functionCallingConfig: z.strictObject({ mode: mode.optional(), allowedFunctionNames: z.array(z.string()).optional(), streamFunctionCallArguments: z.boolean().optional() }).optional(),
  retrievalConfig: z.unknown().optional(),
  includeServerSideToolInvocations: z.boolean().optional(),
});
const thinking = z.strictObject({
  includeThoughts: z.boolean().optional(),
  thinkingBudget: z.int().min(-1).optional(),
  thinkingLevel: z.enum(["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "minimal", "low", "medium", "high"]).optional(),
});
const UNREAD = [
  "topP", "topK", "presencePenalty", "frequencyPenalty", "seed", "responseLogprobs", "logprobs", "responseModalities", "mediaResolution", "speechConfig",
  "imageConfig", "enableEnhancedCivicAnswers", "audioTimestamp", "routingConfig", "modelSelectionConfig", "responseFormat",
];
const generation = z.strictObject({
  ...Object.fromEntries(UNREAD.map((name) => [name, z.unknown().optional()])),
  temperature: z.number().min(0).max(2).optional(),
  candidateCount: z.int().min(1).max(8).optional(),
  maxOutputTokens: z.int().min(1).optional(),
  stopSequences: z.array(z.string()).max(5).optional(),
  responseMimeType: z.string().optional(),
  responseSchema: openApi.optional(),
  responseJsonSchema: object.optional(),
  thinkingConfig: thinking.optional(),
});

const members = {
  contents: z.array(content).min(1, "contents is not specified"),
  systemInstruction: z.union([content, z.strictObject({ parts: part, role: z.string().optional() })]).optional(),
  tools: z.array(tool).optional(),
  toolConfig: toolConfig.optional(),
  generationConfig: generation.optional(),
  safetySettings: z.array(z.strictObject({ category: z.string(), threshold: z.string(), method: z.string().optional() })).optional(),
  cachedContent: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  serviceTier: z.string().optional(),
  store: z.boolean().optional(),
};

export const generateRequest = z.strictObject({ model: z.string().optional(), ...members });
export const countRequest = z.strictObject({
  contents: members.contents.optional(),
  generateContentRequest: z.strictObject({ model: z.string(), ...members }).optional(),
  // Vertex takes these beside the contents.
  systemInstruction: members.systemInstruction,
  tools: members.tools,
  generationConfig: members.generationConfig,
});
export const embedRequest = z.strictObject({
  model: z.string().optional(),
  content,
  taskType: z.string().optional(),
  title: z.string().optional(),
  outputDimensionality: z.int().min(1).max(3072).optional(),
  embedContentConfig: z.unknown().optional(),
});
export const batchEmbedRequest = z.strictObject({ requests: z.array(embedRequest).min(1).max(100) });

export type GenerateRequest = z.output<typeof generateRequest>;
export type Content = z.output<typeof content>;
export type Part = z.output<typeof part>;
export type EmbedRequest = z.output<typeof embedRequest>;
