// Events for people: one for each piece of news, counted when it comes again, and never a flood.
import { describe, expect, it } from "vitest";
import { KubeClient } from "../../../operator/kube/client.ts";
import { Events, type News } from "../../../operator/kube/events.ts";
import { fakeClock } from "../../doubles/clock.ts";
import { until } from "../../feed/ends.ts";
import { collections, pair } from "./cluster.ts";

const news = (changes: Partial<News> = {}): News => ({ kind: "LLMRoute", namespace: "team-a", name: "chat", uid: "u1", type: "Warning", reason: "Conflicted", note: "it is taken", ...changes });

const setUp = async () => {
  const clock = fakeClock();
  const { server, connection, client } = await pair(clock);
  const [outcomes, said]: [string[], string[]] = [[], []];
  const events = new Events({ client, instance: "operator-0", clock, say: (message) => said.push(message), observe: (outcome) => outcomes.push(outcome) });
  return { clock, server, connection, events, outcomes, said };
};

describe("an Event", () => {
  it("has what the API asks for and what a person wants to know", async () => {
    const { server, events, outcomes } = await setUp();
    events.tell(news());
    await until(() => outcomes.length === 1);
    const [event] = server.store.all(collections.events);
    expect(event).toMatchObject({
      type: "Warning", reason: "Conflicted", note: "it is taken", action: "Reconcile", reportingController: "llmgateway.io/operator", reportingInstance: "operator-0",
      regarding: { apiVersion: "llmgateway.io/v1alpha1", kind: "LLMRoute", namespace: "team-a", name: "chat", uid: "u1" },
    });
    expect(event?.metadata).toMatchObject({ namespace: "team-a" });
    expect(event?.metadata.name).toMatch(/^chat\.[0-9a-f]{16}$/);
  });

  it("that comes again is the same one with a count, from whichever operator", async () => {
    const { clock, server, connection, events, outcomes } = await setUp();
    const other = new Events({ client: new KubeClient({ connection, clock }), instance: "operator-1", clock, say: () => undefined, observe: (outcome) => outcomes.push(outcome) });
    events.tell(news());
    await until(() => outcomes.length === 1);
    other.tell(news());
    await until(() => outcomes.length === 2);
    events.tell(news());
    await until(() => outcomes.length === 3);
    expect(outcomes).toEqual(["told", "again", "again"]);
    expect(server.store.all(collections.events)).toMatchObject([{ series: { count: 3 } }]);
  });

  it("about something else, or in other words, is another one", async () => {
    const { server, events, outcomes } = await setUp();
    for (const changes of [{}, { note: "other" }, { reason: "Other" }, { uid: "u2" }, { type: "Normal" as const }]) events.tell(news(changes));
    await until(() => outcomes.length === 5);
    expect(server.store.all(collections.events)).toHaveLength(5);
  });

  it("with a very long note or name is shortened, not refused", async () => {
    const { server, events, outcomes } = await setUp();
    events.tell(news({ name: `${"a".repeat(199)}-${"b".repeat(50)}`, note: "x".repeat(5000) }));
    await until(() => outcomes.length === 1);
    const [event] = server.store.all(collections.events);
    expect(String(event?.["note"]).length).toBeLessThanOrEqual(1024);
    expect(event?.metadata.name).toMatch(/^a{199}\.[0-9a-f]{16}$/);
  });
});

describe("many", () => {
  it("are bounded: what is too much is dropped and counted, and later there is room again", async () => {
    const { clock, events, outcomes } = await setUp();
    for (let index = 0; index < 500; index += 1) events.tell(news({ note: String(index) }));
    await until(() => outcomes.length === 500);
    expect(outcomes.filter((one) => one === "told").length).toBeLessThanOrEqual(50);
    clock.advance(60_000);
    events.tell(news({ note: "later" }));
    await until(() => outcomes.length === 501);
    expect(outcomes.at(-1)).toBe("told");
  });

  it("that cannot be written disturb nobody and are told of once", async () => {
    const { server, events, outcomes, said } = await setUp();
    server.misbehave = () => ({ status: 403, reason: "Forbidden", message: "the namespace is being terminated" });
    events.tell(news());
    events.tell(news({ note: "other" }));
    await until(() => outcomes.length === 2);
    expect(outcomes).toEqual(["failed", "failed"]);
    expect(said).toHaveLength(1);
  });
});
