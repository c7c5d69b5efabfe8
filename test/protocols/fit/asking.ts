// A conversation and a target that takes everything, for tests to take something away from.
import type { Abilities } from "../../../dataplane/protocols/abilities.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import { fit, type Fitted } from "../../../dataplane/protocols/fit/index.ts";
import { fields, noUsage, type Block, type Conversation, type Event, type Field, type Reply, type Sampling, type Tool, type ToolCallBlock, type ToolResultBlock, type Turn } from "../../../dataplane/protocols/ir.ts";

export const capable: Abilities = {
  imageSources: ["url", "bytes"], fileSources: ["url", "bytes", "text"], fileTypes: ["*"], audioFormats: ["wav", "mp3"], hasVideo: true, system: "anywhere", hasTools: true,
  toolName: { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 64 }, callId: { pattern: /^[a-zA-Z0-9_-]+$/, lengthMax: 64 }, toolChoices: new Set(["auto", "none", "required", "tool", "allowed"]),
  hasParallelSwitch: true, customTools: "native", resultMedia: new Set(["image", "file"]), hasResultErrors: true, needsEveryResult: true, schema: "native", json: "native",
  stopMax: 4, choicesMax: 8, logprobsMax: 20, temperatureMax: 2, sampling: new Set(["temperature", "topP", "topK", "seed", "presencePenalty", "frequencyPenalty"]), reasoning: "effort",
  hasPrefill: true, mayBeginWithAssistant: true, hasAudioOutput: true, hasVerbosity: true, hasUserId: true, hasMetadata: true, hasServiceTier: true, hasCacheKey: true, cacheMarksMax: 4,
  hasHostedWebSearch: true,
};

export const plainSampling: Sampling = {
  maxOutputTokens: null, temperature: null, topP: null, topK: null, seed: null, presencePenalty: null, frequencyPenalty: null, stop: [], choices: null, logprobs: null,
};

export const text = (words: string, at = ""): Block => ({ kind: "text", at, text: words });
export const turn = (role: Turn["role"], ...blocks: readonly Block[]): Turn => ({ role, at: `${role} turn`, blocks });
export const user = (words: string): Turn => turn("user", text(words));
export const call = (id: string, name: string, more: Partial<ToolCallBlock> = {}): ToolCallBlock => ({ kind: "tool-call", at: `call ${id}`, id, name, arguments: "{}", ...more });
export const result = (id: string, more: Partial<ToolResultBlock> = {}): ToolResultBlock => ({ kind: "tool-result", at: `result ${id}`, id, name: "", content: [text("42")], isError: false, ...more });
export const tool = (name: string): Tool => ({ kind: "function", at: `tool ${name}`, name, description: "", schema: { type: "object" }, isStrict: null });
export const custom = (name: string, format: Extract<Tool, { kind: "custom" }>["format"] = null): Tool => ({ kind: "custom", at: `tool ${name}`, name, description: "Edits.", format });

export const asking = (more: Partial<Conversation> = {}): Conversation => ({
  protocol: "openai-chat", model: "m", isStreaming: false, isUsageWanted: false, turns: [user("Hello")], tools: [], toolChoice: null, isParallel: null, format: null, sampling: plainSampling,
  reasoning: null, verbosity: null, audio: null, userId: null, metadata: null, serviceTier: null, cacheKey: null, extras: {}, ...more,
});

const fieldNames = Object.fromEntries(fields.map((field) => [field, field])) as Record<Field, string>;

export const fitTo = (abilities: Partial<Abilities>, conversation: Conversation, origin = "anthropic-messages/anthropic", seen?: number): Fitted =>
  fit(conversation, { model: "m", isStreaming: false, dialect: noDialect, origin, outputTokensMax: 4096 }, { ...capable, ...abilities }, { fieldNames, majorExtras: new Set(["previous_response_id", "background"]), quietExtras: new Set(["status"]) }, seen);

/** "path reason severity", as one reads them. */
export const told = ({ losses }: Fitted): string[] => losses.map(({ path, reason, severity }) => `${path} ${reason} ${severity}`);

export const answer = (blocks: readonly Block[], reason: Reply["choices"][number]["finish"]["reason"] = "stop"): Reply => ({
  id: "r1", model: "m", createdAt: 0, serviceTier: "", usage: noUsage(), choices: [{ index: 0, blocks, finish: { reason, raw: "" } }],
});

/** One block of an answer in pieces. */
export const growing = (head: Extract<Event, { kind: "block-start" }>["head"], pieces: readonly string[], index = 0): Event[] => [
  { kind: "block-start", choice: 0, index, head },
  ...pieces.map((piece): Event => ({ kind: "text", choice: 0, index, text: piece })),
  { kind: "block-stop", choice: 0, index },
];
