// What only the whole conversation shows: order of roles, calls and their results, empty texts, own signatures, cache marks.
// It refuses in the words of the real API, so that whoever translates wrongly reads what a user would read.
import { typeSeen } from "../picture.ts";
import { isSignatureOf, unsealed } from "../signature.ts";
import { refused } from "./failure.ts";
import type { Block, CountRequest, Message, MessagesRequest, OwnTool } from "./request.ts";

const CACHE_MARKS_MAX = 4;

export interface Said {
  readonly role: Message["role"];
  readonly blocks: readonly Block[];
}

/** The blocks of every message; neighbours of one role are one message to the real API. */
export function saidIn(messages: readonly Message[]): Said[] {
  const merged: { role: Message["role"]; blocks: Block[] }[] = [];
  for (const { role, content } of messages) {
    const blocks: readonly Block[] = typeof content === "string" ? (content === "" ? [] : [{ type: "text", text: content }]) : content;
    const last = merged.at(-1);
    if (last?.role === role) last.blocks.push(...blocks);
    else merged.push({ role, blocks: [...blocks] });
  }
  return merged;
}

export function requireOrder(request: CountRequest): Said[] {
  const said = saidIn(request.messages);
  if (said[0]?.role !== "user") throw refused('messages: first message must use the "user" role');
  for (const [index, { role, blocks }] of said.entries()) {
    if (role === "user" && blocks.length === 0) throw refused(`messages.${index}: user messages must have non-empty content`);
    for (const [at, block] of blocks.entries()) requireBlock(block, role, `messages.${index}.content.${at}`);
    requireResults(said, index);
  }
  requireEnd(said);
  requireThinkingFirst(request, said);
  return said;
}

function requireBlock(block: Block, role: Said["role"], place: string): void {
  if (block.type === "text" && block.text === "") throw refused("messages: text content blocks must be non-empty");
  if (block.type === "text" && block.text.trim() === "") throw refused("messages: text content blocks must contain non-whitespace text");
  if (block.type === "image" && block.source.type === "base64") requireImage(block.source.data, block.source.media_type, place);
  const isAnswer = block.type === "tool_use" || block.type === "thinking" || block.type === "redacted_thinking";
  if (isAnswer && role !== "assistant") throw refused(`${place}: \`${block.type}\` blocks can only be in \`assistant\` messages`);
  if (block.type === "tool_result" && role !== "user") throw refused(`${place}: \`tool_result\` blocks can only be in \`user\` messages`);
  const isForeign =
    (block.type === "thinking" && !isSignatureOf("thinking", block.thinking, block.signature)) ||
    (block.type === "redacted_thinking" && unsealed("redacted", block.data) === undefined);
  if (isForeign) throw refused(`${place}: Invalid \`${block.type === "thinking" ? "signature" : "data"}\` in \`${block.type}\` block`);
}

function requireImage(data: string, mediaType: string, place: string): void {
  if (data.startsWith("data:") || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) throw refused(`${place}.image.source.base64.data: invalid base64 data`);
  const seen = typeSeen(data);
  if (seen !== undefined && seen !== mediaType) {
    throw refused(`${place}.image.source.base64.data: The image was specified using the ${mediaType} media type, but the image appears to be a ${seen} image`);
  }
}

function requireResults(said: readonly Said[], index: number): void {
  const own = said[index]?.blocks ?? [];
  const before = index === 0 ? [] : idsOf(said[index - 1]?.blocks ?? []);
  const results = own.flatMap((block) => (block.type === "tool_result" ? [block.tool_use_id] : []));
  const stray = results.find((id) => !before.includes(id));
  if (stray !== undefined) {
    throw refused(`messages.${index}.content.0: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`);
  }
  if (new Set(results).size < results.length) throw refused(`messages.${index}.content: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${results[0]}`);
  const isFirst = own.slice(0, results.length).every((block) => block.type === "tool_result");
  const missing = before.filter((id) => !results.includes(id));
  if (missing.length > 0 || (before.length > 0 && !isFirst)) throw refused(unanswered(index - 1, missing.length > 0 ? missing : before));
  const ids = idsOf(own);
  if (new Set(ids).size < ids.length) throw refused(`messages.${index}.content.1: \`tool_use\` ids must be unique`);
}

function requireEnd(said: readonly Said[]): void {
  const last = said.at(-1);
  if (last?.role !== "assistant") return;
  const ids = idsOf(last.blocks);
  if (ids.length > 0) throw refused(unanswered(said.length - 1, ids));
  const end = last.blocks.at(-1);
  if (end?.type === "text" && end.text !== end.text.trimEnd()) throw refused("messages: final assistant content cannot end with trailing whitespace");
}

function unanswered(index: number, ids: readonly string[]): string {
  return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
}

function idsOf(blocks: readonly Block[]): string[] {
  return blocks.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
}

/** While a loop of calls is open, the turn that opened it must begin with what was thought. */
function requireThinkingFirst({ thinking }: CountRequest, said: readonly Said[]): void {
  if (thinking?.type !== "enabled") return;
  const isOpen = said.at(-1)?.blocks.some((block) => block.type === "tool_result") === true;
  const index = said.length - 2;
  const first = said[index]?.blocks[0]?.type;
  if (!isOpen || first === "thinking" || first === "redacted_thinking") return;
  throw refused(`messages.${index}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block (preceeding the lastmost set of \`tool_use\` and \`tool_result\` blocks). To avoid this requirement, disable \`thinking\`.`);
}

export function requireSettings(request: CountRequest & Partial<MessagesRequest>, tools: readonly OwnTool[]): void {
  const { thinking, tool_choice: choice, max_tokens: tokensMax } = request;
  if (thinking?.type === "enabled" && tokensMax !== undefined && tokensMax <= thinking.budget_tokens) {
    throw refused("`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size");
  }
  const isForced = choice?.type === "any" || choice?.type === "tool";
  if (thinking?.type === "enabled" && isForced) throw refused("Thinking may not be enabled when tool_choice forces tool use.");
  if (thinking?.type === "enabled" && (request.temperature ?? 1) !== 1) throw refused("`temperature` may only be set to 1 when thinking is enabled.");
  if (choice !== undefined && (request.tools ?? []).length === 0) throw refused("tool_choice: tool_choice may only be specified while providing tools");
  if (choice?.type === "tool" && !tools.some((tool) => tool.name === choice.name)) throw refused(`Tool '${choice.name}' not found in provided tools`);
  if (new Set(tools.map((tool) => tool.name)).size < tools.length) throw refused("tools: Tool names must be unique.");
  if (request.stop_sequences?.some((stop) => stop.trim() === "") === true) throw refused("stop_sequences: each stop sequence must contain non-whitespace");
  requireClosed(request.output_config?.format?.schema, "output_config.format.schema");
  const marks = JSON.stringify([request.tools ?? [], request.system ?? [], request.messages]).split('"cache_control":{').length - 1;
  if (marks > CACHE_MARKS_MAX) throw refused(`A maximum of ${CACHE_MARKS_MAX} blocks with cache_control may be provided. Found ${marks}.`);
}

function requireClosed(schema: unknown, place: string): void {
  if (typeof schema !== "object" || schema === null) return;
  const { type, additionalProperties }: { type?: unknown; additionalProperties?: unknown } = schema;
  if (type === "object" && additionalProperties !== false) throw refused(`${place}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
  for (const inner of Object.values(schema)) requireClosed(inner, place);
}
