// A step with thinking and a call, through a client of another protocol: the provider's answer is written for the client,
// the client gives it back with its next question as clients of that protocol do, and the provider must get its own back.
import { isInvalid, type ClientCodec, type ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import { fit } from "../../../dataplane/protocols/fit/index.ts";
import { noUsage, type Block, type Conversation, type Opaque, type Reply, type Turn } from "../../../dataplane/protocols/ir.ts";
import { MODEL, modelOf, targetOf } from "./protocols.ts";
import { questionOf } from "./replies.ts";
import { words, type Outcome } from "./requests.ts";

type Document = Readonly<Record<string, unknown>>;

const tool = { description: "", schema: { type: "object", properties: {} } };

/** What a client of the protocol asks next, when it was answered so. */
const nextQuestions: Readonly<Record<string, (answer: Document) => object>> = {
  "openai-chat": ({ choices }) => {
    const message = (choices as { message: { tool_calls: { id: string }[] } }[])[0]?.message;
    return {
      messages: [{ role: "user", content: "a" }, message, { role: "tool", tool_call_id: message?.tool_calls[0]?.id, content: "42" }],
      tools: [{ type: "function", function: { name: "time", parameters: tool.schema } }],
    };
  },
  "openai-responses": ({ output }) => {
    const items = output as { type: string; call_id: string }[];
    return {
      input: [{ role: "user", content: "a" }, ...items, { type: "function_call_output", call_id: items.find(({ type }) => type === "function_call")?.call_id, output: "42" }],
      tools: [{ type: "function", name: "time", parameters: tool.schema, strict: false }],
    };
  },
  "anthropic-messages": ({ content }) => {
    const blocks = content as { type: string; id: string }[];
    const answered = { type: "tool_result", tool_use_id: blocks.find(({ type }) => type === "tool_use")?.id, content: "42" };
    return {
      max_tokens: 20_011,
      thinking: { type: "enabled", budget_tokens: 8192 },
      messages: [{ role: "user", content: "a" }, { role: "assistant", content: blocks }, { role: "user", content: [answered] }],
      tools: [{ name: "time", input_schema: tool.schema }],
    };
  },
  gemini: ({ candidates }) => {
    const content = (candidates as { content: { parts: { functionCall?: { id?: string } }[] } }[])[0]?.content;
    const id = content?.parts.find(({ functionCall }) => functionCall !== undefined)?.functionCall?.id;
    return {
      contents: [{ role: "user", parts: [{ text: "a" }] }, content, { role: "user", parts: [{ functionResponse: { ...(id === undefined ? {} : { id }), name: "time", response: { output: "42" } } }] }],
      tools: [{ functionDeclarations: [{ name: "time" }] }],
    };
  },
  "bedrock-converse": ({ output }) => {
    const { message } = output as { message: { content: { toolUse?: { toolUseId: string } }[] } };
    const toolUseId = message.content.find(({ toolUse }) => toolUse !== undefined)?.toolUse?.toolUseId;
    return {
      messages: [{ role: "user", content: [{ text: "a" }] }, message, { role: "user", content: [{ toolResult: { toolUseId, content: [{ text: "42" }] } }] }],
      toolConfig: { tools: [{ toolSpec: { name: "time", inputSchema: { json: tool.schema } } }] },
    };
  },
};

/** The name of the case. */
export const BROUGHT_BACK = "what only the provider can read of its thinking, given back with the next question";

/** What each maker's opaque values are, and where they stand. */
const kinds: Readonly<Record<string, Opaque["kind"]>> = { "openai-responses": "encrypted" };
const onCalls: ReadonlySet<string> = new Set(["gemini"]);
const SECRET = "bWFyay1zaWduYXR1cmU=";

const answerOf = ({ name }: ProviderCodec): Reply => {
  const opaques: readonly Opaque[] = [{ kind: kinds[name] ?? "signature", origin: `${name}/vendor`, value: SECRET }];
  const thought: Block = { kind: "reasoning", at: "", text: "Hm, so.", isSummary: kinds[name] === "encrypted", ...(onCalls.has(name) ? {} : { opaques }) };
  const call: Block = { kind: "tool-call", at: "", id: "call_a1", name: "time", arguments: "{}", ...(onCalls.has(name) ? { opaques } : {}) };
  return { id: "answer-1", model: MODEL, createdAt: 1_780_000_000, serviceTier: "", usage: noUsage(), choices: [{ index: 0, blocks: [thought, call], finish: { reason: "tool-calls", raw: "" } }] };
};

/** Where a provider's protocol has no place for such values there is nothing to bring back. */
const takesOpaques = (provider: ProviderCodec, question: Conversation): boolean => {
  const target = targetOf(provider, false, modelOf(provider));
  const blocks = answerOf(provider).choices[0]?.blocks ?? [];
  const answered: Block = { kind: "tool-result", at: "", id: "call_a1", name: "time", content: [], isError: false };
  const turns: readonly Turn[] = [...question.turns, { role: "assistant", at: "", blocks }, { role: "user", at: "", blocks: [answered] }];
  return provider.encodeRequest({ ...question, turns }, target).body.includes(SECRET);
};

export const bringBack = (client: ClientCodec, provider: ProviderCodec): Outcome => {
  const unsaid = (because: string): Outcome => ({ verdict: "unsaid", losses: [], because, faults: [] });
  const nextQuestion = nextQuestions[client.name];
  if (nextQuestion === undefined) return unsaid("its clients have no history");
  if (!takesOpaques(provider, questionOf(client, false))) return unsaid("its providers sign nothing");
  const { body, losses } = client.encodeReply(answerOf(provider), questionOf(client, false));
  const question = Buffer.from(JSON.stringify({ model: MODEL, ...nextQuestion(JSON.parse(body.toString("utf8")) as Document) }));
  const asked = client.decodeRequest(question, { model: MODEL, isStreaming: false, query: "", headers: {} });
  if (isInvalid(asked)) return { ...unsaid(""), faults: [`${client.name} refuses what it gave: ${asked.parameter} ${asked.problem}`] };
  const target = targetOf(provider, false, modelOf(provider));
  const fitted = fit(asked, target, provider.abilities(noDialect, target.model), client);
  const encoded = provider.encodeRequest(fitted.conversation, target);
  const told = [...losses, ...fitted.losses, ...encoded.losses].map(words);
  if (encoded.body.includes(SECRET)) return { verdict: "kept", losses: [], because: "", faults: [] };
  const isTold = told.some((loss) => loss.includes("foreign") || loss.includes("unsupported"));
  return { verdict: "lost", losses: told, because: "", faults: isTold ? [] : ["what only the provider can read did not come back, and nobody was told"] };
};
