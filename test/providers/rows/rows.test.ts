// Each row of the catalogue against a double that behaves as its vendor's documentation says: a whole answer and a streamed one
// through a client of chat completions and one of Messages, over the real data plane in this process.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { catalogue } from "../../../dataplane/providers/catalogue.ts";
import type { Provider as ProviderPart } from "../../../dataplane/snapshot/schema.ts";
import { startGateway, type GatewayDouble } from "../../doubles/gateway.ts";
import { eventStream, reply } from "../../doubles/provider-replies.ts";
import { startProvider, type Provider } from "../../doubles/provider.ts";
import { ask } from "../../story/caller.ts";
import { TEXT } from "./answers.ts";
import { answersFor, vendors, type Asked, type Vendor } from "./vendors.ts";
import { clients, type Client } from "./clients.ts";

vi.mock("google-auth-library", () => import("../../doubles/google-auth.ts"));

let provider: Provider;
let gateway: GatewayDouble;

beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway(null);
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

const serve = ({ type, at, model, auth, protocols }: Vendor): void => {
  const part: Partial<ProviderPart> = { type, ...(auth && { auth }), ...(protocols && { protocols: [...protocols] }) };
  gateway.apply({ providers: { one: provider.url + at }, provider: part, targets: [{ name: "one", provider: "test/one", model, weight: 1, priority: 0 }], credentials: { "test/id": "AKIDEXAMPLE" } });
};

const behave = (asked: Asked, isStreaming: boolean): void => {
  const { whole, stream, streamType } = answersFor(asked);
  provider.use(isStreaming ? eventStream(stream, { headers: { "content-type": streamType } }) : reply({ body: whole, headers: { "content-type": "application/json" } }));
};

const check = (vendor: Vendor, asked: Asked, isStreaming: boolean): void => {
  const request = provider.requests.at(-1);
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
    serve(vendor);
    const asked = vendor[client];
    behave(asked, isStreaming);
    const { path, body, headers, read }: Client = clients[client];
    const answer = await ask(gateway.url, { path, body: body(isStreaming), headers });
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
