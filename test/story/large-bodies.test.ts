// Bodies of many reads lie where they came to lie, and their memory is freed early: nobody else's bytes may suffer from it.
import { describe, expect, it } from "vitest";
import { chatCompletion } from "../doubles/provider-bytes.ts";
import { failure, json } from "../doubles/provider-replies.ts";
import { post } from "./clients-bare.ts";
import { openScene } from "./streams-scene.ts";

const answer = json(chatCompletion({ text: "hello", usage: { input: 3, output: 1 } }));

/** Every stretch of it is another, so that a byte out of its place is seen. The model stands where the body's own number says. */
const bodyOf = (number: number, model: string): string => {
  const parts = Array.from({ length: 2500 + 3100 * (number % 5) }, (_, index) => `${number}.${index}\\"`);
  const text = JSON.stringify({ role: "user", content: parts.join("") });
  const named = `"model":${JSON.stringify(model)}`;
  return number % 2 === 0 ? `{${named},"messages":[${text}]}` : `{"messages":[${text}],${named}}`;
};

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
const sentBodies = (requests: readonly { readonly body: Buffer }[]): string[] => requests.map(({ body }) => body.toString()).toSorted();
const expectedBodies = (count: number): string[] => numbers(count).map((number) => bodyOf(number, "provider-model")).toSorted();

describe("bodies of many reads arrive as they were sent, but for the model's name", () => {
  it("on many connections at once, one after the other on each", async () => {
    const scene = await openScene(answer);
    await Promise.all(numbers(6).map(async (turn) => {
      const client = scene.client();
      for (const round of numbers(5)) {
        const reply = await client.send(post(bodyOf(turn * 5 + round, "support-chat"))).reply(round);
        expect(reply.status).toBe(200);
      }
    }));
    await scene.over(30);
    expect(sentBodies(scene.provider.requests)).toEqual(expectedBodies(30));
  });

  it("when the next request comes in the same segments as the end of the one before", async () => {
    const scene = await openScene(answer);
    const client = scene.client().send(numbers(8).map((number) => post(bodyOf(number, "support-chat"))).join(""));
    for (const number of numbers(8)) expect((await client.reply(number)).status).toBe(200);
    await scene.over(8);
    expect(sentBodies(scene.provider.requests)).toEqual(expectedBodies(8));
  });

  it("when only a part of the next request has come with the end of the one before", async () => {
    const scene = await openScene(answer);
    const [whole, cut] = [post(bodyOf(3, "support-chat")), post(bodyOf(4, "support-chat"))];
    for (const share of [0.02, 0.5, 0.98]) {
      const client = scene.client();
      const at = Math.floor(cut.length * share);
      client.send(whole + cut.slice(0, at));
      await client.reply(0);
      expect((await client.send(cut.slice(at)).reply(1)).status).toBe(200);
    }
    await scene.over(6);
    const expected = [bodyOf(3, "provider-model"), bodyOf(4, "provider-model")];
    expect(scene.provider.requests.map(({ body }) => body.toString())).toEqual([...expected, ...expected, ...expected]);
  });

  it("also to the second provider, when the first one has read them and refuses", async () => {
    const scene = await openScene({ one: failure(503, "no"), two: answer });
    await Promise.all(numbers(6).map(async (number) => expect((await scene.ask(bodyOf(number, "support-chat"))).status).toBe(200)));
    await scene.over(6);
    for (const provider of scene.providers) expect(sentBodies(provider.requests)).toEqual(expectedBodies(6));
  });
});
