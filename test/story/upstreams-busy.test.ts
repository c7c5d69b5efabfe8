// A provider that answers nobody fills its connections and then its queue; who comes after that is told so at once.
import { expect, it } from "vitest";
import { json, silence } from "../doubles/provider-replies.ts";
import { CHAT, post, type BareClient } from "./clients-bare.ts";
import { openScene, until } from "./streams-scene.ts";

const CONNECTIONS = 2048;
const QUEUE = 1024;
const PIPELINED = 128;

it("a request beyond a provider's connections and queue is refused at once, and goes to another target where there is one", async () => {
  const scene = await openScene({ one: silence, two: json({ object: "chat.completion", choices: [] }) }, {
    routes: { both: {}, alone: { models: [{ match: "exact", name: "alone" }], rules: [{ name: "all", targets: [{ name: "one", provider: "test/one", weight: 1, priority: 0 }] }] } },
  });
  const clients: BareClient[] = [];
  // Few at a time: the system drops what comes faster than a listener accepts.
  for (let requests = PIPELINED; requests <= CONNECTIONS + QUEUE; requests += PIPELINED) {
    clients.push(scene.client().send(post(CHAT).repeat(PIPELINED)));
    await scene.provider.received(Math.min(requests, CONNECTIONS));
    await until(() => scene.gateway.server.openRequests() === requests);
  }
  const refused = await scene.ask(CHAT.replace("support-chat", "alone"));
  expect(refused).toMatchObject({ status: 503 });
  expect(refused.headers["retry-after"]).toBe("1");
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code: "UPSTREAM_BUSY" } });
  const rescued = await scene.ask(CHAT);
  expect(rescued).toMatchObject({ status: 200 });
  expect(rescued.headers["x-llmgw-target"]).toBe("two");
  for (const client of clients) client.leave();
  await until(() => scene.gateway.server.openRequests() === 0);
  await scene.provider.idle();
  expect(scene.provider.requests).toHaveLength(CONNECTIONS);
  await scene.over(CONNECTIONS + QUEUE + 2);
});
