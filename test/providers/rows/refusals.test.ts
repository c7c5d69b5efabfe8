// Every refusal of every vendor reaches a client of every protocol in its own shape: with the right status, the vendor's words,
// how long to wait, and none of our key.
import { Agent } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { catalogue } from "../../../dataplane/providers/catalogue.ts";
import { startGateway, type GatewayDouble } from "../../doubles/gateway.ts";
import { reply } from "../../doubles/provider-replies.ts";
import { startProvider, type Provider } from "../../doubles/provider.ts";
import { ask, type Answer } from "../../story/caller.ts";
import { refusers, type Refuser, type Said } from "./refusals.ts";

vi.mock("google-auth-library", () => import("../../doubles/google-auth.ts"));

const hello = [{ role: "user", content: "hi" }];

/** What a client asks, and where it reads why it was refused. */
const clients = {
  "openai-chat": { path: "/v1/chat/completions", body: { model: "support-chat", messages: hello }, wordsIn: (body: Body) => body.error?.message },
  "openai-responses": { path: "/v1/responses", body: { model: "support-chat", input: "hi" }, wordsIn: (body: Body) => body.error?.message },
  "anthropic-messages": { path: "/v1/messages", body: { model: "support-chat", max_tokens: 5, messages: hello }, wordsIn: (body: Body) => (body.type === "error" && body.error?.type !== undefined ? body.error.message : undefined) },
  "gemini": { path: "/v1beta/models/support-chat:generateContent", body: { contents: [{ role: "user", parts: [{ text: "hi" }] }] }, wordsIn: (body: Body) => (body.error?.status === undefined ? undefined : body.error.message) },
  "bedrock-converse": { path: "/model/support-chat/converse", body: { messages: [{ role: "user", content: [{ text: "hi" }] }] }, wordsIn: (body: Body) => body.message },
} as const;
type Client = keyof typeof clients;

interface Body {
  readonly type?: string;
  readonly message?: string;
  readonly error?: { readonly message?: string; readonly type?: string; readonly status?: string };
}

const KEY = "sk-provider-key-abcdef";
const statuses = [400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529] as const;

/** What a client of another protocol is told. */
const told: Readonly<Record<number, number>> = { 400: 400, 401: 502, 403: 502, 404: 404, 408: 504, 413: 413, 422: 400, 429: 429, 500: 502, 502: 502, 503: 503, 529: 503 };

/** For thousands of requests, one behind the other. */
const connection = new Agent({ keepAlive: true, maxSockets: 1 });
let provider: Provider;
let gateway: GatewayDouble;
const counts = { answers: 0, untouched: 0, translated: 0, retries: 0, inside: 0 };

beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway(null);
});
afterAll(async () => {
  process.stdout.write(`refusals: ${refusers.length} vendors × ${Object.keys(clients).length} clients: ${JSON.stringify(counts)}\n`);
  connection.destroy();
  await gateway.close();
  await provider.close();
});

const serve = ({ type, at, model, protocols, auth }: Refuser): void =>
  gateway.apply({
    providers: { one: provider.url + at },
    provider: { type, protocols: [...protocols], ...(auth && { auth }) },
    targets: [{ name: "one", provider: "test/one", model, weight: 1, priority: 0 }],
    credentials: { "test/id": "AKIDEXAMPLE" },
  });

const send = async (client: Client, status: number, { body, type = "application/json", headers = {} }: Said, more: Readonly<Record<string, string>> = {}): Promise<Answer> => {
  provider.use(reply({ status, body, headers: { "content-type": type, ...headers, ...more } }));
  counts.answers++;
  const { path, body: question } = clients[client];
  return ask(gateway.url, { path, body: JSON.stringify(question) }, connection);
};

const wordsIn = (client: Client, answer: Answer): string => clients[client].wordsIn(answer.json as Body) ?? `no words where the client reads them: ${answer.text}`;

/** Anthropic has a status of its own for a vendor that is overloaded. */
const statusFor = (client: Client, { means, also }: Refuser, status: number): number => {
  const expected = means?.[status] ?? also?.[status] ?? told[status] ?? 0;
  return client === "anthropic-messages" && expected === 503 ? 529 : expected;
};

/** What passes to the byte; Amazon's own shape is not that of whom it invokes. */
const isUntouched = (client: Client, { protocols, name }: Refuser): boolean => protocols[0] === client && name !== "bedrock with Claude invoked";

const cases = refusers.flatMap((refuser) => (Object.keys(clients) as Client[]).map((client) => ({ refuser, client, name: refuser.name })));

describe.each(cases)("a refusal by $name", ({ refuser, client }) => {
  it(`reaches a client of ${client} with its status and its words`, async () => {
    serve(refuser);
    for (const status of [...statuses, ...Object.keys(refuser.also ?? {}).map(Number)]) {
      const words = `upstream words ${status}: ${status === 401 || status === 403 ? `Incorrect API key provided: ${KEY}` : "what is wrong"}`;
      const said = refuser.say(status, words);
      const answer = await send(client, status, said);
      const isOurs = (status === 401 || status === 403) && refuser.means?.[status] === undefined;
      if (isUntouched(client, refuser) && !isOurs) {
        counts.untouched++;
        expect([status, answer.status]).toEqual([status, status]);
        // What is no object of JSON becomes an error in the client's own shape.
        if (said.body.startsWith("{")) expect(answer.text).toBe(said.body);
        else if (said.body.startsWith("[{")) expect(`[${answer.text}]`).toBe(said.body);
        else expect(wordsIn(client, answer)).not.toContain("no words");
        continue;
      }
      counts.translated++;
      expect([status, answer.status]).toEqual([status, statusFor(client, refuser, status)]);
      expect(wordsIn(client, answer)).toContain(`upstream words ${status}`);
      expect(answer.text).not.toContain(KEY);
      expect(answer.header("x-llmgw-error")).toMatch(isOurs ? /^UPSTREAM_CREDENTIAL$/ : /^UPSTREAM_/);
      expect(answer.header("www-authenticate")).toBeUndefined();
    }
  });

  it(`tells a client of ${client} how long to wait, in whichever form it was said`, async () => {
    serve(refuser);
    const now = Date.now();
    const at = (moment: number): string => new Date(moment).toUTCString();
    const forms: readonly (readonly [string, Readonly<Record<string, string>>, number, number])[] = [
      ["seconds", { "retry-after": "20" }, 20, 20],
      ["milliseconds", { "retry-after-ms": "19500", "retry-after": "1" }, 20, 20],
      ["a date by the vendor's clock", { "date": at(1_000_000_000_000), "retry-after": at(1_000_000_020_000) }, 20, 20],
      ["a date by ours", { "retry-after": at(now + 30_000) }, 15, 30],
      ["nothing", {}, 0, 0],
      ["that it is of no use", { "retry-after": "20", "x-should-retry": "false" }, 0, 0],
      ...(refuser.resets === undefined ? [] : [["a limit that is full again", refuser.resets(now), 10, 20] as const]),
    ];
    for (const [form, headers, least, most] of forms) {
      const answer = await send(client, 429, refuser.say(429, "slow down"), headers);
      counts.retries++;
      expect([form, answer.status]).toEqual([form, 429]);
      if (isUntouched(client, refuser)) {
        for (const name of ["retry-after", "retry-after-ms", "x-should-retry"]) expect([form, answer.header(name)]).toEqual([form, headers[name]]);
        continue;
      }
      const seconds = Number(answer.header("retry-after") ?? 0);
      expect([form, seconds >= least && seconds <= most ? "in time" : seconds]).toEqual([form, "in time"]);
      expect(answer.header("x-should-retry")).toBe(headers["x-should-retry"]);
    }
    if (refuser.retryBody === undefined || isUntouched(client, refuser)) return;
    const answer = await send(client, 429, refuser.retryBody("slow down", 17));
    expect(answer.header("retry-after")).toBe("17");
  });

  it.runIf(refuser.sayInside !== undefined)(`reaches a client of ${client} as an error when it came with status 200`, async () => {
    serve(refuser);
    const said = refuser.sayInside?.("upstream words inside") as Said;
    const answer = await send(client, 200, said);
    counts.inside++;
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(wordsIn(client, answer)).toContain("upstream words inside");
    expect(answer.header("x-llmgw-error")).toBe("UPSTREAM_STREAM_ERROR");
  });
});

it("stays in its list for a client whose streams are lists, and where the list holds something else", async () => {
  const [gemini, open] = [refusers.find(({ name }) => name === "gemini"), refusers.find(({ name }) => name === "vertex-ai with an open model")];
  serve(gemini as Refuser);
  const listed = '[{\n  "error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}\n}\n]';
  provider.use(reply({ status: 429, body: listed, headers: { "content-type": "application/json" } }));
  const { body } = clients["gemini"];
  expect((await ask(gateway.url, { path: "/v1beta/models/support-chat:streamGenerateContent", body: JSON.stringify(body) })).text).toBe(listed);
  serve(open as Refuser);
  for (const other of ["[]", '["no"]', '[{"a":1},{"b":2}]']) expect((await send("openai-chat", 429, { body: other })).text).toBe(other);
});

it("is tried with every row of the catalogue", () => {
  expect([...new Set(refusers.map(({ type }) => type))].toSorted()).toEqual(Object.keys(catalogue).toSorted());
});
