// Answers in JSON for a target that cannot be told so: a schema becomes a tool that must be called, whose arguments are the
// answer, undone in replies and streams; where no tool can be forced, and for JSON of any shape, the model is instructed.
import type { Conversation, Format, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject } from "../json-members.ts";
import { answerBack } from "./answer-tool.ts";
import { instruct } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";
import { without } from "./members.ts";

type SchemaFormat = Extract<Format, { kind: "schema" }>;

const WHOLE = "Answer with one JSON object and nothing else: no words around it, no code fence.";
const ANSWER = "Call this tool to give the answer. Its arguments are the answer.";

/** Where tools take objects only, an answer that is none is put into one. */
const isOfObjects = (schema: JsonObject): boolean => schema["type"] === "object" || (schema["type"] === undefined && schema["properties"] !== undefined);

const inObject = (schema: JsonObject): JsonObject => {
  const { $defs, definitions, ...rest } = schema;
  const shared = { ...($defs === undefined ? {} : { $defs }), ...(definitions === undefined ? {} : { definitions }) };
  return { type: "object", properties: { answer: rest }, required: ["answer"], additionalProperties: false, ...shared };
};

const freeName = (wanted: string, tools: readonly Tool[]): string => {
  let name = wanted === "" ? "answer" : wanted;
  while (tools.some((tool) => tool.name === name)) name += "_answer";
  return name;
};

/** Beside tools of the client's own the model may call those first; null when no call can be forced. */
const forcedChoice = ({ tools, toolChoice }: Conversation, name: string, { toolChoices }: Fitting["abilities"]): ToolChoice | null => {
  const isAlone = tools.length === 0 || toolChoice?.mode === "none";
  if (isAlone && (toolChoices.has("tool") || toolChoices.has("required"))) return { mode: "tool", name };
  if (isAlone || !toolChoices.has("required")) return null;
  return toolChoice?.mode === "allowed" ? { mode: "allowed", names: [...toolChoice.names, name], isRequired: true } : { mode: "required" };
};

/** The answer will be a call of another tool, whatever its text would have looked like. */
const isCallForced = ({ toolChoice, tools }: Conversation): boolean =>
  tools.length > 0 && (toolChoice?.mode === "required" || toolChoice?.mode === "tool" || (toolChoice?.mode === "allowed" && toolChoice.isRequired));

const asTool = (conversation: Conversation, format: SchemaFormat, fitting: Fitting): Conversation => {
  const name = freeName(format.name, conversation.tools);
  const toolChoice = fitting.abilities.hasTools ? forcedChoice(conversation, name, fitting.abilities) : null;
  if (toolChoice === null) {
    fitting.loseField("format", "approximated", "major");
    return instruct({ ...conversation, format: null }, `${WHOLE} It must match this JSON Schema: ${JSON.stringify(format.schema)}`);
  }
  const isWrapped = !isOfObjects(format.schema);
  fitting.steps.push(answerBack(name, isWrapped));
  const description = format.description === "" ? ANSWER : `${format.description}\n${ANSWER}`;
  const tool: Tool = { kind: "function", at: fitting.client.fieldNames.format, name, description, schema: isWrapped ? inObject(format.schema) : format.schema, isStrict: format.isStrict };
  return { ...conversation, format: null, tools: [...conversation.tools, tool], toolChoice };
};

const asInstruction = (conversation: Conversation, fitting: Fitting): Conversation => {
  fitting.loseField("format", "approximated", "minor");
  return instruct({ ...conversation, format: null }, WHOLE);
};

export const fitFormat: Concern = (conversation, fitting) => {
  const { format } = conversation;
  if (format === null) return conversation;
  if (format.kind === "text") return conversation;
  const { schema, json, formatBesideTools } = fitting.abilities;
  const alone = format.kind === "schema" ? schema : json;
  const support = conversation.tools.length > 0 ? (formatBesideTools ?? alone) : alone;
  if (support === "native") return conversation;
  if (isCallForced(conversation)) return without(conversation, "format");
  if (support === "none") {
    fitting.loseField("format", "unsupported", "major");
    return without(conversation, "format");
  }
  return format.kind === "schema" ? asTool(conversation, format, fitting) : asInstruction(conversation, fitting);
};
