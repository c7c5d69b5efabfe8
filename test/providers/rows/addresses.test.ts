// Where each vendor's documentation has its API, for a provider whose owner names no address. Said apart from the rows, so that a
// slip in either is seen. Nothing is dialled.
import { afterAll, describe, expect, it, vi } from "vitest";
import { Deadlines } from "../../../dataplane/deadlines.ts";
import { catalogue } from "../../../dataplane/providers/catalogue.ts";
import { planOf } from "../../../dataplane/request/decide.ts";
import { Gateway } from "../../../dataplane/request/gateway.ts";
import { findRoute } from "../../../dataplane/request/router.ts";
import type { Auth, ProtocolName, Provider, ProviderType } from "../../../dataplane/snapshot/schema.ts";
import { MemoryStore } from "../../../dataplane/state/memory.ts";
import { startTelemetry } from "../../../dataplane/telemetry/index.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { snapshotOf } from "../../doubles/gateway.ts";

vi.mock("google-auth-library", () => import("../../doubles/google-auth.ts"));

const clock = fakeClock();
const telemetry = await startTelemetry({ clock, sink: { write: (_, done) => done(null), writeNow: () => true }, build: "test" });
afterAll(() => telemetry.close());

/** No client speaks these. */
const vendorsOwn: readonly ProtocolName[] = ["cohere", "dashscope", "ollama"];

const addressOf = (type: ProviderType, protocol: ProtocolName, model: string, auth?: Auth): string => {
  const gateway = new Gateway({ clock, deadlines: new Deadlines(clock), telemetry, store: new MemoryStore(clock), build: "test", random: () => 0.5 });
  const snapshot = snapshotOf({ providers: { one: "http://127.0.0.1:1" }, credentials: { "test/id": "AKIDEXAMPLE" }, targets: [{ name: "t", provider: "test/one", model, weight: 1, priority: 0 }] });
  const { endpoints: _, ...rest } = snapshot.providers["test/one"] as Provider;
  const provider: Provider = { ...rest, type, network: "public", protocols: [protocol], ...(auth && { auth }) };
  expect(gateway.apply({ ...snapshot, providers: { "test/one": provider } }, "v1")).toEqual([]);
  const asked = { protocol: vendorsOwn.includes(protocol) ? "openai-chat" : protocol, family: protocol === "rerank" ? "rerank" : "conversation" } as const;
  const tiers = gateway.router === null ? [] : (findRoute(gateway.router, "support-chat")?.route.tiers(asked, "support-chat") ?? []);
  const [destination] = planOf(tiers, () => 0);
  return destination === undefined ? "nowhere" : destination.upstream.origin + destination.basePath;
};

const google = (location: string): Auth => ({ scheme: "google", project: "acme", location });
const aws = (region: string): Auth => ({ scheme: "aws", region, keyPair: { accessKeyId: "test/id", secretAccessKey: "test/key" } });
const inEurope = "https://europe-west4-aiplatform.googleapis.com/v1/projects/acme/locations/europe-west4";

const documented: readonly (readonly [type: ProviderType, protocol: ProtocolName, address: string, model?: string, auth?: Auth])[] = [
  ["openai", "openai-responses", "https://api.openai.com/v1"],
  ["openai", "openai-chat", "https://api.openai.com/v1"],
  ["anthropic", "anthropic-messages", "https://api.anthropic.com/v1"],
  ["gemini", "gemini", "https://generativelanguage.googleapis.com/v1beta"],
  ["gemini", "openai-chat", "https://generativelanguage.googleapis.com/v1beta/openai"],
  ["vertex-ai", "gemini", `${inEurope}/publishers/google`, "gemini-3-pro", google("europe-west4")],
  ["vertex-ai", "anthropic-messages", `${inEurope}/publishers/anthropic`, "claude-haiku-4-5@20251001", google("europe-west4")],
  ["vertex-ai", "openai-chat", `${inEurope}/endpoints/openapi`, "meta/llama-4-maverick", google("europe-west4")],
  ["vertex-ai", "gemini", "https://aiplatform.googleapis.com/v1/projects/acme/locations/global/publishers/google", "gemini-3-pro", google("global")],
  ["bedrock", "bedrock-converse", "https://bedrock-runtime.eu-west-1.amazonaws.com", "amazon.nova-pro-v1:0", aws("eu-west-1")],
  ["bedrock", "anthropic-messages", "https://bedrock-runtime.us-east-1.amazonaws.com", "anthropic.claude-haiku-4-5-20251001-v1:0", aws("us-east-1")],
  ["mistral", "openai-chat", "https://api.mistral.ai/v1"],
  ["cohere", "cohere", "https://api.cohere.com/v2"],
  ["cohere", "rerank", "https://api.cohere.com/v2"],
  ["cohere", "openai-chat", "https://api.cohere.com/compatibility/v1"],
  ["deepseek", "openai-chat", "https://api.deepseek.com/v1"],
  ["deepseek", "anthropic-messages", "https://api.deepseek.com/anthropic/v1"],
  ["dashscope", "openai-chat", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"],
  ["dashscope", "dashscope", "https://dashscope-intl.aliyuncs.com/api/v1"],
  ["dashscope", "anthropic-messages", "https://dashscope-intl.aliyuncs.com/apps/anthropic/v1"],
  ["siliconflow", "openai-chat", "https://api.siliconflow.com/v1"],
  ["openrouter", "openai-chat", "https://openrouter.ai/api/v1"],
  ["tokenmix", "openai-chat", "https://api.tokenmix.ai/v1"],
  ["foursapi", "openai-chat", "https://4sapi.com/v1"],
  ["dmxapi", "openai-chat", "https://www.dmxapi.cn/v1"],
  ["dmxapi", "gemini", "https://www.dmxapi.cn/v1beta", "gemini-3-pro"],
  ["aihubmix", "openai-chat", "https://aihubmix.com/v1"],
  ["aihubmix", "gemini", "https://aihubmix.com/gemini/v1beta", "gemini-3-pro"],
  ["groq", "openai-chat", "https://api.groq.com/openai/v1"],
  ["together", "openai-chat", "https://api.together.xyz/v1"],
  ["fireworks", "anthropic-messages", "https://api.fireworks.ai/inference/v1"],
  ["xai", "openai-chat", "https://api.x.ai/v1"],
  ["perplexity", "openai-chat", "https://api.perplexity.ai"],
  ["portkey", "openai-chat", "https://api.portkey.ai/v1"],
];

describe("a provider without an address", () => {
  const cases = documented.map(([type, protocol, address, model = "m", auth]) => ({ type, protocol, address, model, auth }));

  it.each(cases)("of the type $type that speaks $protocol is at $address", ({ type, protocol, address, model, auth }) => {
    expect(addressOf(type, protocol, model, auth)).toBe(address);
  });

  it("is tried for every row that has one", () => {
    const withAddress = Object.entries(catalogue).filter(([, { url }]) => url !== undefined).map(([type]) => type);
    expect([...new Set(documented.map(([type]) => type))].toSorted()).toEqual(withAddress.toSorted());
  });
});
