// A coding agent's traffic by the Anthropic SDK: thinking, cache marks, thirty tools, a count before each turn, streams, calls in
// parallel, results with pictures and errors. Its model is changed for one of another vendor, and the agent must not notice.
import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FORCED, inputOf, job, system, tools, type Turn } from "./agent-work.ts";
import { serveExamples, type Served } from "./served-examples.ts";

let served: Served;
const rows: string[][] = [["target", "turn", "counted", "input", "cached", "output", "thought", "losses", "calls"]];
const told = new Map<string, Set<string>>();

beforeAll(async () => {
  served = await serveExamples();
});

afterAll(async () => {
  await served.close();
  const widths = rows[0]!.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const table = rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd());
  const lost = [...told].map(([target, losses]) => `${target} loses ${[...losses].toSorted().join(", ")}`);
  process.stdout.write(`\n${[...table, "", ...lost].join("\n")}\n\n`);
});

interface Seen {
  readonly path: string;
  readonly status: number;
  readonly losses: string;
}

interface Said {
  readonly role: "user" | "assistant";
  readonly content: Anthropic.ContentBlockParam[];
}

/** The last two turns of the user's are marked for the cache, as agents do. */
const marked = (messages: readonly Said[]): Said[] => {
  const users = messages.flatMap(({ role }, index) => (role === "user" ? [index] : [])).slice(-2);
  return messages.map((message, index) => {
    if (!users.includes(index)) return message;
    const content = message.content.map((block, at) => (at === message.content.length - 1 ? { ...block, cache_control: { type: "ephemeral" } } : block));
    return { ...message, content: content as Anthropic.ContentBlockParam[] };
  });
};

const resultsOf = (turn: Turn | undefined, calls: readonly Anthropic.ToolUseBlock[]): Anthropic.ToolResultBlockParam[] =>
  calls.map(({ id, name }, at) => ({
    type: "tool_result",
    tool_use_id: id,
    content: turn?.results?.[at] ?? `${name} did it.`,
    ...(turn?.failed?.includes(at) === true ? { is_error: true } : {}),
  }));

/** As coding agents send it. */
const USER_ID = `user_${"0123456789abcdef".repeat(4)}_account__session_01234567-89ab-cdef-0123-456789abcdef`;

const callsIn = (message: Anthropic.Message | null): Anthropic.ToolUseBlock[] => message?.content.filter((block) => block.type === "tool_use") ?? [];

class Agent {
  readonly seen: Seen[] = [];
  readonly #client: Anthropic;
  readonly #model: string;
  readonly #messages: Said[] = [];
  #last: Anthropic.Message | null = null;

  constructor(model: string) {
    this.#model = model;
    this.#client = new Anthropic({
      baseURL: served.url,
      apiKey: "any",
      maxRetries: 0,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        this.seen.push({ path: new URL(String(input)).pathname, status: response.status, losses: response.headers.get("x-llmgw-losses") ?? "" });
        return response;
      },
    });
  }

  async take(turn: Turn, before: Turn | undefined): Promise<{ counted: number; message: Anthropic.Message }> {
    const says: Anthropic.TextBlockParam[] = turn.says === "" ? [] : [{ type: "text", text: turn.says }];
    this.#messages.push({ role: "user", content: [...resultsOf(before, callsIn(this.#last)), ...says] });
    const asked = {
      model: this.#model,
      system,
      tools: [...tools],
      messages: marked(this.#messages),
      ...(turn.isPlain === true ? {} : { thinking: { type: "enabled" as const, budget_tokens: 4096 } }),
      ...(turn.isForced === true ? { tool_choice: { type: "tool" as const, name: FORCED } } : {}),
    };
    const { input_tokens: counted } = await this.#client.messages.countTokens(asked);
    const message = await this.#client.messages.stream({ ...asked, max_tokens: 16_000, metadata: { user_id: USER_ID } }).finalMessage();
    this.#messages.push({ role: "assistant", content: message.content });
    this.#last = message;
    return { counted, message };
  }
}

interface Target {
  readonly name: string;
  /** Shows what it thinks. */
  readonly isOpen: boolean;
  /** Takes a choice of one tool. */
  readonly isForcible: boolean;
  /** All that is told as lost on the way there, all turns together. */
  readonly losses: readonly string[];
}

const MARKS = ["tools[] unsupported minor", "system[] unsupported minor", "messages[].content[] unsupported minor"];
const USER = "metadata.user_id unsupported minor";
/** Longer than OpenAI takes. */
const LONG_USER = "metadata.user_id limited minor";
/** Tokens became a word, or a switch. */
const MEASURE = "thinking approximated minor";
/** A failure is told in words, and a picture behind the result. */
const FAILURE = "messages[].content[] approximated minor";
const PICTURE = "messages[].content[].content[] approximated minor";

const targets: readonly Target[] = [
  { name: "demo-chat", isOpen: false, isForcible: true, losses: [MEASURE, LONG_USER, FAILURE, PICTURE, ...MARKS] },
  { name: "demo-responses", isOpen: true, isForcible: true, losses: [MEASURE, LONG_USER, FAILURE, ...MARKS] },
  { name: "demo-gemini", isOpen: true, isForcible: true, losses: [MEASURE, USER, ...MARKS] },
  { name: "demo-bedrock", isOpen: true, isForcible: true, losses: [USER] },
  { name: "demo-cohere", isOpen: true, isForcible: true, losses: [FAILURE, PICTURE, USER, ...MARKS] },
  { name: "demo-dashscope", isOpen: true, isForcible: true, losses: [FAILURE, PICTURE, USER, "tools[] unsupported minor", "messages[].content[] unsupported minor"] },
  { name: "demo-ollama", isOpen: true, isForcible: false, losses: [MEASURE, FAILURE, USER, ...MARKS] },
];

/** "messages[3].content[1];reason=approximated;severity=minor" → "content approximated minor". */
const lossesIn = (header: string): string[] =>
  header === "" ? [] : header.split(", ").map((item) => item.replace(/^"?([^;"]*)"?;reason=([^;]*);severity=(.*)$/, (_, path: string, reason: string, severity: string) => `${path.replace(/\[\d+\]/g, "[]")} ${reason} ${severity}`));

const thoughtIn = ({ content }: Anthropic.Message): string => content.map((block) => (block.type === "thinking" ? block.thinking : "")).join("");

describe("a coding agent", () => {
  it("brings thirty tools, two of them with names that are too long elsewhere, and calls some in ten turns", () => {
    expect(tools).toHaveLength(30);
    expect(job.filter(({ calls }) => calls.length > 0)).toHaveLength(10);
    expect([FORCED.length > 64, tools[0]!.name.length > 64]).toEqual([true, true]);
  });

  it.each(targets)("does its job in fourteen turns with $name behind it", async ({ name, isOpen, isForcible, losses }) => {
    const agent = new Agent(name);
    const lostHere = new Set<string>();
    told.set(name, lostHere);
    let countedBefore = 0;
    const turns = isForcible ? job : job.filter(({ isPlain }) => isPlain !== true);
    for (const [at, turn] of turns.entries()) {
      const { counted, message } = await agent.take(turn, turns[at - 1]);
      const [counting, answering] = agent.seen.slice(-2);
      const calls = callsIn(message);
      const thought = thoughtIn(message);
      const { usage } = message;
      const lost = lossesIn(answering!.losses);
      for (const loss of lost) lostHere.add(loss);
      rows.push([name, String(at + 1), String(counted), String(usage.input_tokens), String(usage.cache_read_input_tokens ?? ""), String(usage.output_tokens), thought === "" ? "" : "yes", String(lost.length), calls.map((call) => call.name).join(" ")]);
      expect(counting).toMatchObject({ path: "/v1/messages/count_tokens", status: 200 });
      expect(answering).toMatchObject({ path: "/v1/messages", status: 200 });
      expect(calls.map((call) => ({ name: call.name, input: call.input }))).toEqual(turn.calls.map((call) => ({ name: call, input: inputOf(call, turn.says) })));
      expect(message.stop_reason).toBe(turn.calls.length > 0 ? "tool_use" : "end_turn");
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
      expect([at, thought !== ""]).toEqual([at, isOpen && turn.isPlain !== true]);
      expect(usage.output_tokens).toBeGreaterThan(0);
      expect(usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0)).toBeGreaterThan(500);
      // Where one tool is forced some count no other.
      expect(counted).toBeGreaterThan(turn.isForced === true ? 500 : countedBefore);
      if (turn.isForced !== true) countedBefore = counted;
    }
    expect([...lostHere].toSorted()).toEqual(losses.toSorted());
  });
});
