// What only the whole conversation shows: order of roles, calls and their results, blank texts, pictures, own signatures.
// It refuses in the words of the real API, so that whoever translates wrongly reads what a user would read.
import { pictureOfBase64, typeSeen } from "../picture.ts";
import { isSignatureOf, unsealed } from "../signature.ts";
import { refused } from "./failure.ts";
import type { Block, ConverseRequest, Message } from "./request.ts";

type Image = NonNullable<Block["image"]>;
const BY_MODEL = "The model returned the following errors:";

export function requireOrder({ messages, toolConfig }: Pick<ConverseRequest, "messages" | "toolConfig">): void {
  if (messages[0]?.role !== "user") throw refused("A conversation must start with a user message. Try again with a conversation that starts with a user message.");
  for (const [index, { role, content }] of messages.entries()) {
    if (index > 0 && messages[index - 1]?.role === role) {
      throw refused("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.");
    }
    for (const [at, block] of content.entries()) requireBlock(block, role, `messages.${index}.content.${at}`);
    requireDocumentText(content, index);
    requireResults(messages, index);
  }
  const hasCalls = messages.some(({ content }) => content.some((block) => block.toolUse !== undefined || block.toolResult !== undefined));
  if (hasCalls && toolConfig === undefined) throw refused("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
}

function requireBlock(block: Block, role: Message["role"], place: string): void {
  if (block.text !== undefined && block.text.trim() === "") throw refused(`The text field in the ContentBlock object at ${place} is blank. Add text to the text field, and try again.`);
  if (block.image !== undefined) requireImage(block.image, place);
  if ((block.toolUse ?? block.reasoningContent) !== undefined && role !== "assistant") throw refused(`The content at ${place} is only allowed in messages of the assistant.`);
  if (block.toolResult !== undefined && role !== "user") throw refused(`The toolResult at ${place} is only allowed in messages of the user.`);
  const { reasoningText, redactedContent } = block.reasoningContent ?? {};
  const isForeign =
    (reasoningText !== undefined && !isSignatureOf("thinking", reasoningText.text, reasoningText.signature ?? "")) ||
    (redactedContent !== undefined && unsealed("redacted", redactedContent) === undefined);
  if (isForeign) throw refused(`${BY_MODEL} ${place}: Invalid \`signature\` in \`thinking\` block`);
}

function requireImage({ format, source }: Image, place: string): void {
  if (source.bytes === undefined) return;
  const picture = pictureOfBase64(source.bytes, `image/${format}`);
  if (picture === undefined) throw refused(`The image at ${place} is not valid base64.`);
  const seen = typeSeen(source.bytes);
  if (seen !== undefined && seen !== `image/${format}`) throw refused(`${BY_MODEL} ${place}.image.source.base64.data: The image was specified using the image/${format} media type, but the image appears to be a ${seen} image`);
}

function requireDocumentText(content: readonly Block[], index: number): void {
  const hasDocument = content.some((block) => block.document !== undefined);
  if (hasDocument && !content.some((block) => block.text !== undefined)) throw refused(`The message at messages.${index} has a document block and no text block. Add a text block and try again.`);
}

function requireResults(messages: readonly Message[], index: number): void {
  const results = (messages[index]?.content ?? []).flatMap((block) => (block.toolResult === undefined ? [] : [block.toolResult.toolUseId]));
  const before = index === 0 ? [] : callIds(messages[index - 1]);
  if (results.length > before.length) throw refused(`The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`);
  const missing = before.filter((id) => !results.includes(id));
  if (missing.length > 0) throw refused(`Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(", ")}`);
  const own = callIds(messages[index]);
  if (new Set(own).size < own.length) throw refused(`The toolUse blocks at messages.${index}.content contain duplicate Ids: ${own[0]}`);
  if (own.length > 0 && index === messages.length - 1) throw refused(`Expected toolResult blocks at messages.${index + 1}.content for the following Ids: ${own.join(", ")}`);
}

function callIds(message: Message | undefined): string[] {
  return (message?.content ?? []).flatMap((block) => (block.toolUse === undefined ? [] : [block.toolUse.toolUseId]));
}

export function requireSettings(request: Pick<ConverseRequest, "toolConfig" | "additionalModelRequestFields" | "inferenceConfig">): void {
  const { thinking, tool_choice: own } = request.additionalModelRequestFields ?? {};
  const choice = request.toolConfig?.toolChoice;
  const names = (request.toolConfig?.tools ?? []).flatMap((tool) => (tool.toolSpec === undefined ? [] : [tool.toolSpec.name]));
  if (new Set(names).size < names.length) throw refused("The toolConfig.tools contains duplicate tool names.");
  if (choice?.tool !== undefined && !names.includes(choice.tool.name)) throw refused(`The tool ${choice.tool.name} in toolChoice is not among the tools of toolConfig.`);
  if (thinking?.type !== "enabled") return;
  const { maxTokens, temperature } = request.inferenceConfig ?? {};
  if (thinking.budget_tokens === undefined) throw refused(`${BY_MODEL} thinking.enabled.budget_tokens: Field required`);
  if (maxTokens !== undefined && maxTokens <= thinking.budget_tokens) throw refused(`${BY_MODEL} \`max_tokens\` must be greater than \`thinking.budget_tokens\`.`);
  const isForced = choice?.any !== undefined || choice?.tool !== undefined || own?.type === "any" || own?.type === "tool";
  if (isForced) throw refused(`${BY_MODEL} Thinking may not be enabled when tool_choice forces tool use.`);
  if ((temperature ?? 1) !== 1) throw refused(`${BY_MODEL} \`temperature\` may only be set to 1 when thinking is enabled.`);
}
