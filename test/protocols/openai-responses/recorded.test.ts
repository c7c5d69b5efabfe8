// Recorded traffic of providers of Responses, when it lies beside the repository: read rightly, and written again so that the
// official library reads the same.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import type { Block, Event, Reply } from "../../../dataplane/protocols/ir.ts";
import { accumulate, type Body, codec, collect, conversationOf, eventsIn, given, inside, list, readWhole, replyOf, sent, target, written } from "./speaking.ts";

const folder = fileURLToPath(new URL("../../../../shared/fixtures/recorded/", import.meta.url));
const isPresent = existsSync(folder);
vi.setConfig({ testTimeout: 120_000 });

const metaOf = (path: string): { protocol?: string; status?: number } =>
  JSON.parse(readFileSync(folder + path.replace(/response\.\w+$/, "meta.json"), "utf8")) as { protocol?: string; status?: number };

const recordings = (ending: string): string[] =>
  isPresent
    ? readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(ending)).sort().filter((path) => metaOf(path).protocol === "openai-responses")
    : [];

const lastResponse = (stream: Buffer): Body => {
  const data = stream.toString("utf8").split(/\r?\n/).filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)) as Body);
  return data.findLast(({ type }) => type === "response.completed")?.["response"] as Body;
};

const plain = (blocks: readonly Block[] | undefined): unknown =>
  JSON.parse(JSON.stringify(blocks ?? [], (key, value) => (key === "at" || key === "encrypted_content" || key === "value" ? undefined : value) as unknown)) as unknown;

const payloads = isPresent
  ? ["52-openai-reasoning-encrypted-content-1-chunks", "53-openai-apply-patch-tool-1-chunks"].flatMap((name) => {
      const streams: string[][] = [];
      for (const line of readFileSync(`${folder}${name}/0.response.txt`, "utf8").split("\n").filter((one) => one !== "")) {
        if (line.includes('"type":"response.created"')) streams.push([]);
        streams.at(-1)?.push(`data: ${line}\n\n`);
      }
      return streams.map((events, index) => ({ path: `${name} ${index}`, stream: Buffer.from(events.join("")) }));
    })
  : [];
const streams = [...recordings(".response.sse").map((path) => ({ path, stream: readFileSync(folder + path) })), ...payloads];

describe.runIf(isPresent)("recorded", () => {
  test("streams are there to be read", () => {
    expect(streams.length).toBeGreaterThan(9);
  });

  test.each(streams)("stream says in events what it says in its end: $path", ({ stream }) => {
    const told = collect(eventsIn([stream]));
    const whole = replyOf(lastResponse(stream));
    // The tier in the beginning is the one that was asked for.
    const { service_tier: tier, ...extras } = told.extras?.["openai-responses"] ?? {};
    expect({ ...told, choices: [], serviceTier: tier, extras: { "openai-responses": extras } }).toEqual({ ...whole, choices: [] });
    expect(told.choices[0]?.finish).toEqual(whole.choices[0]?.finish);
    expect(plain(told.choices[0]?.blocks)).toEqual(plain(whole.choices[0]?.blocks));
  });

  test.each(streams)("stream keeps the order of events: $path", ({ stream }) => {
    expect(disorderIn(eventsIn([stream]))).toBeNull();
  });

  test.each(streams)("stream is written again so that the library reads the same as of the whole answer: $path", async ({ stream }) => {
    const events = eventsIn([stream]);
    const { response } = await accumulate(written(events));
    const whole = await readWhole(codec.encodeReply(collect(events), conversationOf({ input: "hi", stream: true })).body);
    expect(withoutParsed(response)).toEqual(withoutParsed(whole));
    const meant = lastResponse(stream);
    expect(withoutParsed(response.output)).toEqual(withoutParsed(list(meant, "output").map(asWritten)));
    expect(response.service_tier).toBe(meant["service_tier"]);
  });

  test.each(streams)("answer can be sent back in the next turn, as it was: $path", ({ stream }) => {
    const output = given(collect(eventsIn([stream])))["output"] as Body[];
    const { body, losses } = sent(conversationOf({ input: [...output, { role: "user", content: "go on" }] }), target());
    expect(losses).toEqual([]);
    expect((body["input"] as Body[]).slice(0, -1).map(({ id }) => id)).toEqual(output.map(({ id }) => id));
  });

  test.each(recordings(".response.json").filter((path) => metaOf(path).status === 200))("whole answer is one, and is given as it was: %s", (path) => {
    const response = JSON.parse(readFileSync(folder + path, "utf8")) as Body;
    const output = (response["output"] as Body[]).filter((item) => item["type"] !== "message" || inside(item, "content", 0, "text") !== "");
    expect(withoutParsed(given(replyOf(response))["output"])).toEqual(withoutParsed(output.map(asWritten)));
  });

  const requests = isPresent
    ? readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith("request.json")).sort().filter((path) => metaOf(path.replace("request.json", "response.json")).protocol === "openai-responses")
    : [];
  test.each(requests)("request means the same when it is read and written: %s", (path) => {
    const request = JSON.parse(readFileSync(folder + path, "utf8")) as Body;
    const { body, losses } = sent(conversationOf(request), target({ model: request["model"] as string, isStreaming: request["stream"] === true }));
    expect(losses).toEqual([]);
    expect(simplified(body)).toEqual(simplified(request));
  });
});

/** Said in another way that means the same. */
const simplified = (request: Body): unknown =>
  JSON.parse(
    JSON.stringify({ ...request, input: typeof request["input"] === "string" ? [{ role: "user", content: request["input"] }] : request["input"], store: request["store"] === true ? undefined : request["store"], stream: request["stream"] === true ? true : undefined }, (_, value) => {
      if (value === null || value === "") return undefined;
      if (typeof value !== "object" || Array.isArray(value)) return value as unknown;
      const rest = Object.fromEntries(Object.entries(value as Body).filter(([key]) => key !== "annotations" && key !== "logprobs"));
      if (rest["role"] === undefined) return rest;
      const [only] = Array.isArray(rest["content"]) ? (rest["content"] as Body[]) : [];
      const isOneText = Array.isArray(rest["content"]) && rest["content"].length === 1 && typeof only?.["text"] === "string";
      return { ...rest, type: undefined, ...(isOneText ? { content: only?.["text"] } : {}) };
    }),
  ) as unknown;

/** What is the same for everybody who reads it. */
const asWritten = (item: Body): Body => ({
  ...item,
  ...(item["type"] === "message" ? { content: (item["content"] as Body[]).map((part) => (part["type"] === "output_text" ? { logprobs: [], ...part } : part)) } : {}),
  ...(item["type"] === "reasoning" ? { status: undefined, content: inside(item, "content", 0) === undefined ? undefined : item["content"] } : {}),
});

/** The sealed value of the end is not the one of the item's end, which counts. */
const withoutParsed = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner) => (key === "parsed" || key === "parsed_arguments" || key === "output_parsed" || key === "encrypted_content" ? undefined : inner) as unknown),
  ) as unknown;

/** The first event that stands where it must not. */
const disorderIn = (events: readonly Event[]): string | null => {
  const open = new Set<number>();
  let next = 0;
  for (const [at, event] of events.entries()) {
    const isFirst = at === 0;
    if ((event.kind === "start") !== isFirst) return `${at}: ${event.kind}`;
    if (event.kind === "block-start") {
      if (event.index !== next++) return `${at}: block ${event.index}`;
      open.add(event.index);
    } else if (event.kind === "block-stop") {
      if (!open.delete(event.index)) return `${at}: no block ${event.index}`;
    } else if ("index" in event && !open.has(event.index)) return `${at}: ${event.kind} of ${event.index}`;
    if (event.kind === "finish" && open.size > 0) return `${at}: finished with open blocks`;
    if (event.kind === "end" && at !== events.length - 1) return `${at}: events behind the end`;
  }
  return events.at(-1)?.kind === "end" ? null : "no end";
};

test.runIf(!isPresent)("recorded traffic is not beside this repository: its tests are left out", () => {
  expect(isPresent).toBe(false);
});

/** A canary: what is out of order is found. */
test("events out of order are found", () => {
  const reply: Reply = collect(eventsIn([Buffer.from('data: {"type":"response.completed","response":{"output":[]}}\n\n')]));
  expect(reply.choices).toHaveLength(1);
  expect(disorderIn([{ kind: "start", id: "", model: "", createdAt: 0, serviceTier: "" }, { kind: "text", choice: 0, index: 0, text: "x" }])).toBe("1: text of 0");
});
