// Each row of the catalogue against a double that behaves as its vendor's documentation says: a whole answer and a streamed one
// through a client of chat completions and one of Messages, over the real data plane in this process.
import { describe, expect, it, vi } from "vitest";
import { catalogue } from "../../../dataplane/providers/catalogue.ts";
import { eventStream, reply } from "../../doubles/provider-replies.ts";
import { ask } from "../../story/caller.ts";
import { TEXT } from "./answers.ts";
import { answersFor, vendors, type Asked, type Vendor } from "./vendors.ts";
import { clients, type Client } from "./clients.ts";
import { served } from "./served.ts";

vi.mock("google-auth-library", () => import("../../doubles/google-auth.ts"));

const rows = served();

const behave = (asked: Asked, isStreaming: boolean): void => {
  const { whole, stream, streamType } = answersFor(asked);
  rows().provider.use(isStreaming ? eventStream(stream, { headers: { "content-type": streamType } }) : reply({ body: whole, headers: { "content-type": "application/json" } }));
};

const check = (vendor: Vendor, asked: Asked, isStreaming: boolean): void => {
  const request = rows().provider.requests.at(-1);
  expect(request?.target).toBe(isStreaming ? (asked.streamPath ?? asked.path) : asked.path);
  const [header, value] = vendor.key;
  if (typeof value === "string") expect(request?.header(header)).toBe(value);
  else expect(request?.header(header)).toMatch(value);
  expect(request?.rawHeaders.map(([name]) => name.toLowerCase()).filter((name) => name.includes("key") || name === "authorization")).toEqual([header]);
  // In clouds the version stands in the body.
  if (asked.speaks === "anthropic-messages" && asked.has?.["anthropic_version"] === undefined) expect(request?.header("anthropic-version")).toBe("2023-06-01");
  const body = request?.json as Record<string, unknown>;
  expect(body).toMatchObject(asked.has ?? {});
  for (const member of asked.lacks ?? []) expect(body).not.toHaveProperty(member);
};

const tried: string[] = [];
const runs = (["chat", "messages"] as const).flatMap((client) => [false, true].map((isStreaming) => ({ client, isStreaming })));

describe.each(vendors)("$name", (vendor) => {
  it.each(runs)("answers a client of $client (as a stream: $isStreaming)", async ({ client, isStreaming }) => {
    rows().serve(vendor);
    const asked = vendor[client];
    behave(asked, isStreaming);
    const { path, body, headers, read }: Client = clients[client];
    const answer = await ask(rows().url, { path, body: body(isStreaming), headers });
    expect([answer.status, answer.status === 200 ? "" : answer.text]).toEqual([200, ""]);
    expect(read(answer.text, isStreaming)).toEqual({ text: TEXT, finish: client === "chat" ? "stop" : "end_turn", isEnded: true });
    check(vendor, asked, isStreaming);
    tried.push(vendor.type);
  });
});

it("tries every row of the catalogue", () => {
  process.stdout.write(`rows: ${new Set(tried).size} of ${Object.keys(catalogue).length}; vendors' forms: ${vendors.length}; answers: ${tried.length}\n`);
  expect([...new Set(tried)].toSorted()).toEqual(Object.keys(catalogue).toSorted());
});
