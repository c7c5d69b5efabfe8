// The suite must see what it is there to see: codecs that are broken on purpose, one way each.
import { describe, expect, test } from "vitest";
import type { ClientCodec, Codec, ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { noDialect } from "../../../dataplane/protocols/dialect.ts";
import type { Block, Conversation, Event, Reply } from "../../../dataplane/protocols/ir.ts";
import { answers } from "./answers.ts";
import { conversations } from "./conversations.ts";
import { cycles, sendAround, type Cycle } from "./cycles.ts";
import { bothHalves, clients, MODEL } from "./protocols.ts";
import { sendReply, sendStream } from "./replies.ts";
import { sendRequest } from "./requests.ts";

const both = clients.map(bothHalves).filter((codec) => codec !== null).filter((codec) => codec.abilities(noDialect, MODEL).hasTools);
const [client, provider] = both as [Codec, Codec];

const request = (name: string) => conversations.find((one) => one.name === name) ?? (conversations[0] as (typeof conversations)[number]);
const answer = (name: string) => answers.find((one) => one.name === name) ?? (answers[0] as (typeof answers)[number]);

const encodingOther = (change: (conversation: Conversation) => Conversation): ProviderCodec => ({ ...provider, encodeRequest: (conversation, target) => provider.encodeRequest(change(conversation), target) });
const tellingOther = (change: (reply: Reply) => Reply): ClientCodec => ({ ...client, encodeReply: (reply, asked) => client.encodeReply(change(reply), asked) });
const streamingOther = (change: (event: Event) => Event): ClientCodec => ({
  ...client,
  encodeStream(asked) {
    const encoder = client.encodeStream(asked);
    return { push: (event) => encoder.push(change(event)), fail: (failure) => encoder.fail(failure), losses: encoder.losses };
  },
});

const withoutLastBlock = (reply: Reply): Reply => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, blocks: choice.blocks.slice(0, -1) })) });

const inBlocks = (change: (block: Block) => Block) => (reply: Reply): Reply => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, blocks: choice.blocks.map(change) })) });

/** One that says what this case is about. */
const sayer = (name: string): ProviderCodec => both.find((codec) => codec.name !== client.name && sendReply(client, codec, answer(name)).verdict !== "unsaid") ?? provider;

describe("the suite finds", () => {
  test("nothing when nothing is wrong", () => {
    expect(sendRequest(client, provider, request("several turns")).faults).toEqual([]);
    expect(sendReply(client, provider, answer("words and two calls")).faults).toEqual([]);
    expect(sendStream(client, provider, answer("words and two calls")).faults).toEqual([]);
  });

  const requests: readonly [string, string, ProviderCodec][] = [
    ["a temperature that is dropped", "a temperature", encodingOther((asked) => ({ ...asked, sampling: { ...asked.sampling, temperature: null } }))],
    ["a turn that is dropped", "several turns", encodingOther((asked) => ({ ...asked, turns: asked.turns.slice(0, -1) }))],
    ["a tool that is dropped", "tools", encodingOther((asked) => ({ ...asked, tools: asked.tools.slice(0, -1) }))],
    ["a choice of tools that is dropped", "a call is forced", encodingOther((asked) => ({ ...asked, toolChoice: null }))],
    ["a result that changes its call", "calls and their results", encodingOther((asked) => ({ ...asked, turns: asked.turns.map((turn) => ({ ...turn, blocks: turn.blocks.map((block) => (block.kind === "tool-result" ? { ...block, id: "call_a1" } : block)) })) }))],
  ];
  test.each(requests)("%s", (_, name, broken) => {
    expect(sendRequest(client, broken, request(name)).faults).not.toEqual([]);
  });

  const replies: readonly [string, string, ClientCodec][] = [
    ["a call that is dropped", "words and two calls", tellingOther(withoutLastBlock)],
    ["text that is changed", "text", tellingOther((reply) => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, blocks: choice.blocks.map((block) => (block.kind === "text" ? { ...block, text: `${block.text}!` } : block)) })) }))],
    ["an end that is changed", "an end at the limit", tellingOther((reply) => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, finish: { reason: "stop", raw: "" } })) }))],
    ["an image that is dropped", "an image", tellingOther(withoutLastBlock)],
    ["thinking that comes without its seal", "thinking that only its maker reads", tellingOther(inBlocks(({ opaques: _, ...block }) => block))],
    ["a citation that is moved", "a citation of a part", tellingOther(inBlocks((block) => (block.kind === "text" ? { ...block, citations: (block.citations ?? []).map((one) => ({ ...one, start: 0 })) } : block)))],
    ["a pause that is told as a good end", "an end at a pause", tellingOther((reply) => ({ ...reply, choices: reply.choices.map((choice) => ({ ...choice, finish: { reason: "stop", raw: "" } })) }))],
    ["a part of the usage that is made up", "text", tellingOther((reply) => ({ ...reply, usage: { ...reply.usage, audioOutputTokens: 7 } }))],
    ["usage that is changed", "text", tellingOther((reply) => ({ ...reply, usage: { ...reply.usage, outputTokens: 38 } }))],
  ];
  test.each(replies)("%s", (_, name, broken) => {
    expect(sendReply(broken, sayer(name), answer(name)).faults).not.toEqual([]);
  });

  test("what is not undone", () => {
    const cycle = cycles.find(({ name }) => name === "text up to a stop string") as Cycle;
    expect(sendAround(client, provider, cycle, false).faults).toEqual([]);
    // A model that stops at nothing, and a gateway that believes that it does.
    const deaf: ProviderCodec = { ...provider, abilities: (dialect, model) => ({ ...provider.abilities(dialect, model), stopMax: 4 }) };
    expect(sendAround(client, deaf, { ...cycle, answer: (heard) => cycle.answer({ ...heard, sampling: { ...heard.sampling, stop: [] } }) }, false).faults).not.toEqual([]);
  });

  const streams: readonly [string, string, ClientCodec][] = [
    ["text that is changed in a stream", "text", streamingOther((event) => (event.kind === "text" ? { ...event, text: event.text.toUpperCase() } : event))],
    ["a stream without its end", "text", streamingOther((event) => (event.kind === "end" || event.kind === "finish" ? { kind: "ping" } : event))],
  ];
  test.each(streams)("%s", (_, name, broken) => {
    expect(sendStream(broken, provider, answer(name)).faults).not.toEqual([]);
  });
});
