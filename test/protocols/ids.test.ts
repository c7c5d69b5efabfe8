// Ids of users and keys of caches as each provider's protocol takes them: whole where it takes them whole, as their digest where
// it would refuse them, and told then.
import { hash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { noDialect, type Dialect } from "../../dataplane/protocols/dialect.ts";
import { fit } from "../../dataplane/protocols/fit/index.ts";
import { providerCodecs } from "../../dataplane/protocols/index.ts";
import { openaiChatCodec } from "../../dataplane/protocols/openai-chat/index.ts";
import type { Conversation } from "../../dataplane/protocols/ir.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { catalogue } from "../../dataplane/providers/catalogue.ts";
import { dialectsOf } from "../../dataplane/providers/dialects.ts";
import { asking } from "./fit/asking.ts";
import { modelOf, targetOf } from "./conformance/protocols.ts";

const sentTo = (name: ProtocolName, more: Partial<Conversation>, dialect = noDialect) => {
  const provider = providerCodecs[name];
  if (provider === undefined) throw new Error(`no provider speaks ${name}`);
  const target = { ...targetOf(provider, false, modelOf(provider)), dialect };
  const fitted = fit(asking(more), target, provider.abilities(dialect, target.model), openaiChatCodec);
  const { body, losses } = provider.encodeRequest(fitted.conversation, target);
  return { body: JSON.parse(body.toString()) as unknown, losses: [...fitted.losses, ...losses].map(({ path, reason, severity }) => `${path} ${reason} ${severity}`) };
};

const digest = (id: string): string => hash("sha256", id, "hex");
const of = (length: number): string => "u".repeat(length);
const address = "joe@example.com";
const gemini = dialectsOf(catalogue["vertex-ai"], "gemini")("gemini-2.5-flash").dialect;
const limited = ["user limited minor"];

describe("the id of a user", () => {
  const rows: readonly (readonly [ProtocolName, string, object, string[], Dialect])[] = [
    ["openai-chat", of(64), { user: of(64) }, [], noDialect],
    ["openai-chat", of(65), { user: digest(of(65)) }, limited, noDialect],
    ["openai-chat", address, { user: address }, [], noDialect],
    ["openai-responses", of(64), { safety_identifier: of(64) }, [], noDialect],
    ["openai-responses", of(65), { safety_identifier: digest(of(65)) }, limited, noDialect],
    ["anthropic-messages", of(256), { metadata: { user_id: of(256) } }, [], noDialect],
    ["anthropic-messages", of(257), { metadata: { user_id: digest(of(257)) } }, limited, noDialect],
    ["anthropic-messages", address, { metadata: { user_id: digest(address) } }, ["user approximated minor"], noDialect],
    ["gemini", of(63), { labels: { user_id: of(63) } }, [], gemini],
    ["gemini", of(64), { labels: { user_id: digest(of(64)).slice(0, 63) } }, limited, gemini],
  ];

  it.each(rows)("goes to a provider of %s as it takes it: %s", (name, userId, expected, losses, dialect) => {
    const { body, losses: told } = sentTo(name, { userId }, dialect);
    expect(body).toMatchObject(expected);
    expect(told).toEqual(losses);
  });
});

describe("what Vertex AI takes as labels", () => {
  it("is told in the client's words where it was changed", () => {
    const { body, losses } = sentTo("gemini", { userId: "Joe", metadata: { Team: "Blue Whales", cost_center: "7", long: of(64), user_id: "x" } }, gemini);
    expect(body).toMatchObject({ labels: { team: "blue_whales", cost_center: "7", long: of(63), user_id: "joe" } });
    expect(losses).toEqual(["user approximated minor", "metadata.Team approximated minor", "metadata.long approximated minor", "metadata.user_id approximated minor"]);
  });
});

describe("a key of the cache", () => {
  it.each(["openai-chat", "openai-responses"] as const)("goes to a provider of %s as it takes it", (name) => {
    expect(sentTo(name, { cacheKey: of(64) })).toMatchObject({ body: { prompt_cache_key: of(64) }, losses: [] });
    expect(sentTo(name, { cacheKey: of(65) })).toMatchObject({ body: { prompt_cache_key: digest(of(65)) }, losses: ["prompt_cache_key limited minor"] });
  });
});
