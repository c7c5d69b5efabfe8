// llmgw translate, as a person has it: what would be sent, what would be lost, and words for what cannot be done.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../../operator/cli/command.ts";
import { translate } from "../../../operator/cli/translate.ts";
import { Refusal } from "../../../operator/terminal.ts";
import { llmgw } from "../standalone/running.ts";
import { perform } from "./commanding.ts";

const folder = mkdtempSync(join(tmpdir(), "llmgw-translate-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const fileOf = (body: object | string): string => {
  const file = join(folder, `request-${(files += 1)}.json`);
  writeFileSync(file, typeof body === "string" ? body : JSON.stringify(body));
  return file;
};

const question = { model: "support-chat", n: 2, seed: 7, max_tokens: 100, messages: [{ role: "user", content: "What is this?" }] };

const translated = async (words: readonly string[]): Promise<{ code: number; lines: readonly string[] }> => {
  try {
    return await perform(translate, words);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // As the command line ends for these.
    return { code: error instanceof UsageError ? 2 : 1, lines: [error.message] };
  }
};

describe.concurrent("llmgw translate", { timeout: 30_000 }, () => {
  it("shows the path, the body and each loss, in the client's words", async ({ onTestFinished }) => {
    const running = llmgw(["translate", "--to", "Anthropic", "--model", "claude-sonnet-4-6", fileOf(question)], {}, onTestFinished);
    expect(await running.exit).toBe(0);
    const { lines } = running;
    expect(lines[0]).toBe("POST /messages");
    expect(lines).toContain('  "model": "claude-sonnet-4-6",');
    expect(lines.slice(-4)).toEqual(["lost, 2 in all:", "  seed  unsupported, minor", "  n  limited, major", "a route refuses this with 422 unless it says onLoss: Allow"]);
  });

  it("says the same for programs", async () => {
    const { lines } = await translated(["--to", "gemini", "-o", "json", fileOf({ ...question, n: 1 })]);
    const sheet = JSON.parse(lines.join("\n")) as { path: string; body: string; losses: object[] };
    expect([sheet.path, sheet.losses]).toEqual(["/models/support-chat:generateContent", []]);
    expect(JSON.parse(sheet.body)).toMatchObject({ contents: [{ role: "user", parts: [{ text: "What is this?" }] }], generationConfig: { maxOutputTokens: 100, seed: 7 } });
  });

  it("names what is fetched first for a provider that takes only bytes", async () => {
    const picture = { model: "m", messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/cat.png" } }] }] };
    const { lines } = await translated(["--to", "bedrock", "--model", "anthropic.claude-sonnet-4-6", fileOf(picture)]);
    expect(lines).toContain("fetched first: messages[0].content[0]");
    expect(lines.at(-1)).toBe("nothing is lost");
  });

  const wrong: readonly (readonly [what: string, words: readonly string[], code: number, said: RegExp])[] = [
    ["no file", ["--to", "Anthropic"], 2, /needs one file/],
    ["a file that is not there", ["--to", "Anthropic", "/nowhere.json"], 1, /\/nowhere\.json is not there/],
    ["no provider", [fileOf(question)], 2, /--to is missing/],
    ["an unknown provider", ["--to", "nobody", fileOf(question)], 1, /--to is "nobody"; providers are /],
    ["a protocol that the provider does not speak", ["--to", "Anthropic/gemini", fileOf(question)], 1, /anthropic does not speak gemini/],
    ["a request that is none", ["--to", "Anthropic", fileOf({ model: "m", messages: "hello" })], 1, /not understood at messages: /],
  ];

  it.each(wrong)("(%s) is told in words", async (_, words, code, said) => {
    const ended = await translated(words);
    expect(ended.code).toBe(code);
    expect(ended.lines.join("\n")).toMatch(said);
  });
});
