// Every error of every provider as the SDK of every client reads it: in the client's own shape, with the right status, and with
// the provider's words; inside a success and inside a stream too. A table of the statuses is printed.
import { afterAll, describe, expect, it } from "vitest";
import { anthropicShape } from "../../operator/demo/anthropic/failure.ts";
import { bedrockShape } from "../../operator/demo/bedrock/failure.ts";
import { cohereShape } from "../../operator/demo/cohere/failure.ts";
import { dashscopeShape } from "../../operator/demo/dashscope/failure.ts";
import { geminiShape } from "../../operator/demo/gemini/failure.ts";
import { ollamaShape } from "../../operator/demo/ollama/failure.ts";
import { openaiShape } from "../../operator/demo/openai-failure.ts";
import { clients, type Client } from "./forty-clients.ts";
import { printTable, PROVIDERS, servedExamples } from "./forty-gateway.ts";

const served = servedExamples({ isGuarded: false });
const STATUSES = [400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529];
const rows: string[][] = [["provider", "client", ...STATUSES.map(String), "200"]];
const shapes = { chat: openaiShape, responses: openaiShape, anthropic: anthropicShape, gemini: geminiShape, bedrock: bedrockShape, cohere: cohereShape, dashscope: dashscopeShape, ollama: ollamaShape };

afterAll(() => printTable(rows));

interface Thrown {
  readonly status: number;
  readonly message: string;
}

const thrownBy = async (client: Client, model: string, isStreaming: boolean): Promise<Thrown> => {
  const thrown: Error & { status?: number; $metadata?: { httpStatusCode?: number } } = await client.ask({ model, isStreaming, isThinking: false }).then(() => new Error("nothing was thrown"), (error) => error);
  return { status: thrown.status ?? thrown.$metadata?.httpStatusCode ?? 0, message: thrown.message.replaceAll('\\"', '"') };
};

/** What may be told for each: the provider's own where both speak the same, otherwise what the client's protocol has for it. */
const TOLD: Readonly<Record<number, readonly number[]>> = {
  400: [400], 401: [502], 403: [502], 404: [404], 408: [408, 504], 413: [413], 422: [422, 400], 429: [429], 500: [500, 502], 502: [502], 503: [503, 529], 529: [529, 503],
};

describe.concurrent.each(PROVIDERS)("the errors of a provider that speaks %s", (provider) => {
  it.each(clients.map((make) => [make("http://none", "none").name, make] as const))("reach the SDK of %s", async (name, make) => {
    const client = make(served.url, "any");
    const row = [provider, name];
    rows.push(row);
    const wrong: string[] = [];
    for (const status of STATUSES) {
      const words = Object(shapes)[provider].known[status]?.[1] ?? "asked for an error";
      const thrown = await thrownBy(client, `demo-${provider}-error-${status}`, false);
      row.push(String(thrown.status));
      const isOfKey = status === 401 || status === 403;
      if (TOLD[status]?.includes(thrown.status) !== true || (!isOfKey && !thrown.message.includes(words))) wrong.push(`${status} → ${thrown.status} ${thrown.message}`);
    }
    for (const [isStreaming, variant] of [[false, "200"], [true, "200"], [true, "200-first"]] as const) {
      const thrown = await thrownBy(client, `demo-${provider}-error-${variant}`, isStreaming);
      row.push(String(thrown.status));
      const words = Object(shapes)[provider].known[503][1];
      if (!thrown.message.includes(words)) wrong.push(`${variant} (streamed: ${isStreaming}) → ${thrown.status} ${thrown.message}`);
    }
    expect(wrong).toEqual([]);
  });

  it("say when to come back in whatever form the provider does", async () => {
    const ask = (variant: string) => fetch(`${served.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: `demo-${provider}-error-429${variant}`, messages: [{ role: "user", content: "hi" }] }),
    });
    const askedAt = Date.now();
    const told = Object.fromEntries(await Promise.all(["-seconds", "-milliseconds", "-date"].map(async (variant) => {
      const answer = await ask(variant);
      const [after, afterMs] = [answer.headers.get("retry-after") ?? "", answer.headers.get("retry-after-ms")];
      const readAt = Date.now();
      const comeBackAt = afterMs !== null ? readAt + Number(afterMs) : /^\d+$/.test(after) ? readAt + Number(after) * 1000 : Date.parse(after);
      // Dates are told by the second, and asking takes as long as the machine lets it.
      return [variant, comeBackAt >= askedAt + 5000 && comeBackAt <= readAt + 8000 ? "about 7 s" : `${after} ${afterMs ?? ""}`];
    })));
    expect(told).toEqual({ "-seconds": "about 7 s", "-milliseconds": "about 7 s", "-date": "about 7 s" });
  });
});
