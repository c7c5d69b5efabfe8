// What a destination knows of its provider's models: what the catalogue row says, and what the provider's owner says otherwise.
import { describe, expect, it } from "vitest";
import { Deadlines } from "../../dataplane/deadlines.ts";
import type { Dialect } from "../../dataplane/protocols/dialect.ts";
import type { ModelDialect } from "../../dataplane/providers/dialects.ts";
import { planOf } from "../../dataplane/request/decide.ts";
import type { Destination } from "../../dataplane/request/destination.ts";
import { Gateway } from "../../dataplane/request/gateway.ts";
import { findRoute } from "../../dataplane/request/router.ts";
import type { ProtocolName, Provider } from "../../dataplane/snapshot/schema.ts";
import { MemoryStore } from "../../dataplane/state/memory.ts";
import { startTelemetry } from "../../dataplane/telemetry/index.ts";
import { fakeClock } from "../doubles/clock.ts";
import { snapshotOf } from "../doubles/gateway.ts";

const clock = fakeClock();
const telemetry = await startTelemetry({ clock, sink: { write: (_, done) => done(null), writeNow: () => true }, build: "test" });

/** `former`: what the same gateway was told before. */
const destinationOf = (differences: Partial<Provider>, protocol: ProtocolName = "openai-chat", former: Partial<Provider> = differences): Destination => {
  const gateway = new Gateway({ clock, deadlines: new Deadlines(clock), telemetry, store: new MemoryStore(clock), build: "test", random: () => 0.5 });
  for (const [index, said] of [former, differences].entries()) {
    const provider = { protocols: [protocol], ...said };
    const snapshot = snapshotOf({ providers: { one: "http://127.0.0.1:1/v1" }, provider, targets: [{ name: "t", provider: "test/one", weight: 1, priority: 0 }] });
    expect(gateway.apply(snapshot, `v${index}`)).toEqual([]);
  }
  const tiers = gateway.router === null ? [] : (findRoute(gateway.router, "support-chat")?.route.tiers({ protocol, family: "conversation" }, "support-chat") ?? []);
  const [destination] = planOf(tiers, () => 0);
  if (destination === undefined) throw new Error("the route has no destination");
  return destination;
};

const dialectOf = (differences: Partial<Provider>, model: string, protocol?: ProtocolName): Dialect => destinationOf(differences, protocol).dialects(model).dialect;
const dropsOf = ({ edit }: ModelDialect): readonly string[] => [...(edit?.(false, false).drops ?? [])];

describe("where a model's thinking stands", () => {
  const local: Partial<Provider> = { thinking: { thinker: "in-tags", other: "apart" } };

  it("is what the owner says of this model, and of no other", () => {
    expect(["thinker", "other", "third", "constructor", "__proto__"].map((model) => dialectOf(local, model).hasThinkTags ?? false)).toEqual([true, false, false, false, false]);
  });

  it("is what the row says where its owner does not, or says otherwise", () => {
    const sonar: Partial<Provider> = { type: "perplexity", thinking: { "sonar-reasoning": "apart", sonar: "in-tags" } };
    expect(["sonar-reasoning", "sonar-reasoning-pro", "sonar"].map((model) => dialectOf(sonar, model).hasThinkTags ?? false)).toEqual([false, true, true]);
  });

  it("changes nothing else that the row says of the model", () => {
    const { hasThinkTags, ...rest } = dialectOf({ thinking: { "gpt-5": "in-tags" } }, "gpt-5");
    expect(hasThinkTags).toBe(true);
    expect(rest).toEqual(dialectOf({}, "gpt-5"));
    expect(rest.outputLimit).toBe("max_completion_tokens");
  });

  it("needs no other bytes where the protocol is the same", () => {
    expect(destinationOf(local).dialects("thinker").edit).toBeNull();
  });

  it("is worked out once for each model", () => {
    const { dialects } = destinationOf(local);
    expect(dialects("thinker")).toBe(dialects("thinker"));
    expect(dialects("third")).toBe(dialects("fourth"));
    expect(dialects("constructor")).toBe(dialects("third"));
  });

  it("is another from the edit on that says so", () => {
    const said = (differences: Partial<Provider>, former: Partial<Provider>): unknown => destinationOf(differences, "openai-chat", former).dialects("thinker").dialect.hasThinkTags;
    expect([said(local, {}), said({ thinking: { thinker: "apart" } }, local), said({}, local)]).toEqual([true, false, undefined]);
  });

  it("is no matter of protocols that have a place for it", () => {
    for (const protocol of ["openai-responses", "anthropic-messages"] as const) expect(dialectOf({ type: "litellm", ...local }, "thinker", protocol)).not.toHaveProperty("hasThinkTags");
  });
});

describe("options of a stream", () => {
  it("are refused by every model of a provider whose owner says so, in the protocols that ask for usage by them", () => {
    for (const protocol of ["openai-chat", "openai-completions"] as const) {
      const { dialects } = destinationOf({ streamOptions: "refused" }, protocol);
      for (const model of ["a", "gpt-5"]) expect([dialects(model).dialect.refusesStreamOptions, dropsOf(dialects(model))]).toEqual([true, ["stream_options"]]);
    }
    expect(dialectOf({ streamOptions: "refused" }, "a", "openai-responses")).not.toHaveProperty("refusesStreamOptions");
  });

  it("are accepted where the owner knows better than the row", () => {
    const { dialects } = destinationOf({ type: "perplexity", streamOptions: "accepted" });
    expect([dialects("sonar").dialect.refusesStreamOptions, dialects("sonar").edit]).toEqual([false, null]);
    expect(dialectOf({ type: "perplexity" }, "sonar").refusesStreamOptions).toBe(true);
  });

  it("are not sent by the gateway's own doing either, where a model can only stream", () => {
    const setsOf = (differences: Partial<Provider>): readonly string[] => [...(destinationOf({ type: "dashscope", ...differences }).dialects("qwq-plus").edit?.(false, true).sets.keys() ?? [])];
    expect(setsOf({})).toEqual(["stream", "stream_options"]);
    expect(setsOf({ streamOptions: "refused" })).toEqual(["stream"]);
  });

  it("of an address with a version in it are the same matter", () => {
    const dated: Partial<Provider> = { type: "azure-openai", endpoints: [{ url: "http://127.0.0.1:1?api-version=2025-04-01", priority: 0, weight: 1 }] };
    const { refusesStreamOptions, hasThinkTags, paths } = dialectOf({ ...dated, streamOptions: "refused", thinking: { thinker: "in-tags" } }, "thinker");
    expect([refusesStreamOptions, hasThinkTags, paths]).toEqual([true, true, dialectOf(dated, "thinker").paths]);
    expect(Object.keys(paths ?? {})).not.toEqual([]);
  });
});
