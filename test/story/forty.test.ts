// One conversation by five SDKs over eight provider protocols, through the gateway as `npm start` starts it: forty runs,
// each whole and streamed, without and with thinking. All must mean the same; a table of what was seen is printed.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, EXPECTED, held, meaning, type Run } from "./forty-clients.ts";
import { printTable, PROVIDERS, servedExamples } from "./forty-gateway.ts";

type Usage = Run["answering"]["usage"];

const served = servedExamples({ isGuarded: true });
const rows: string[][] = [];
/** What the demo provider counts when nothing stands in between. */
const counted: Usage[] = [];

beforeAll(async () => {
  const direct = clients[0]!(served.demoUrl, "any");
  counted.push(...(await Promise.all([false, true].map((isThinking) => held(direct, "demo-chat", true, isThinking)))).map(({ answering }) => answering.usage));
});

afterAll(() => printTable(rows));

// The demo provider speaks word by word, and who waits for one can hear another meanwhile.
describe.concurrent.each(PROVIDERS)("a provider that speaks %s", (provider) => {
  describe.each(clients.map((make) => [make("http://none", "none").name, make] as const))("is understood by the SDK of %s", (name, make) => {
    it.each([[false], [true]])("in a conversation with a picture and two calls (thinking: %s)", async (isThinking) => {
      const row = [provider, name, isThinking ? "thinking" : "plain", "failed", "", "", "", ""];
      rows.push(row);
      const client = make(served.url, "any");
      const model = `demo-${provider}`;
      const [whole, streamed] = [await held(client, model, false, isThinking), await held(client, model, true, isThinking)];
      const { usage, finish } = streamed.answering;
      row.splice(4, 4, `in ${usage.input}`, `out ${usage.output}`, `${streamed.calling.finish}, ${finish}`, streamed.calling.thoughts === "" ? "" : "thoughts");
      expect(meaning(whole)).toEqual(EXPECTED);
      expect(meaning(streamed)).toEqual(EXPECTED);
      for (const { calling, answering } of [whole, streamed]) {
        expect([calling.finish, answering.finish]).toEqual(client.finishes);
        expect(answering.usage).toEqual(counted[Number(isThinking)]);
      }
      expect(streamed.calling.thoughts).toBe(whole.calling.thoughts);
      row[3] = "the same";
    });
  });
});
