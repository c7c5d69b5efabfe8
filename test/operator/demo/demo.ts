// Starts a demo provider for a test and an OpenAI SDK client of it; both are gone when the test file ends.
import OpenAI from "openai";
import { afterAll, beforeAll } from "vitest";
import { startDemo, type Demo, type DemoClock } from "../../../operator/demo/server.ts";

export interface Running {
  readonly url: string;
  readonly client: OpenAI;
  /** POSTs JSON and returns the answer as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export function runningDemo(clock?: DemoClock): Running {
  let demo: Demo | undefined;
  beforeAll(async () => {
    demo = await startDemo({ host: "127.0.0.1", port: 0, clock });
  });
  afterAll(async () => demo?.close());
  const url = () => demo?.url ?? "";
  return {
    get url() {
      return url();
    },
    get client() {
      return new OpenAI({ baseURL: `${url()}/v1`, apiKey: "sk-anything", maxRetries: 0 });
    },
    post: (path, body, headers = {}) =>
      fetch(url() + path, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) }),
  };
}

/** The data of every SSE event in a body, in order; the terminator as the string it is. */
export async function eventsOf(response: Response): Promise<string[]> {
  const text = await response.text();
  return text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) =>
      block
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => line.slice(6))
        .join("\n"),
    );
}
