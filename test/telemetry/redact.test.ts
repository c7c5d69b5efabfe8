// Process lines never show keys: not by their field's name, not by their shape, not inside an error, not as a Secret.
import { describe, expect, test } from "vitest";
import { Log } from "../../dataplane/telemetry/log.ts";
import { Secret } from "../../dataplane/snapshot/secret.ts";
import { fakeClock } from "../doubles/clock.ts";
import { fakeSink } from "./sink.ts";

const KEY = "sk-proj-4f9aQx81LmZ0pTt7";

const lineOf = (fields: Record<string, unknown>): string => {
  const sink = fakeSink();
  const log = new Log({ clock: fakeClock(), sink, onDropped: () => {} });
  log.warn("something happened", fields);
  void log.flush();
  return sink.lines.join("\n");
};

describe("redaction", () => {
  test.each([
    ["a Secret", { value: new Secret(KEY) }],
    ["a Secret deep inside", { provider: { auth: { keys: [{ value: new Secret(KEY) }] } } }],
    ["a field named authorization", { headers: { Authorization: `Bearer ${KEY}` } }],
    ["a field named x-api-key", { headers: { "x-api-key": "plain-looking-value" } }],
    ["a field named apiKey", { apiKey: "plain-looking-value" }],
    ["a cookie", { "set-cookie": "plain-looking-value" }],
    ["a bearer token inside a text", { text: `upstream said: invalid header Bearer ${KEY}` }],
    ["a key inside an error", { error: new Error(`refused ${KEY}`) }],
    ["a key inside an error's cause", { error: new Error("refused", { cause: new Error(`with ${KEY}`) }) }],
    ["a key in a query", { url: "https://example.test/v1?key=plain-looking-value&x=1" }],
    ["a JWT", { text: "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFpbi1sb29raW5nLXZhbHVlIn0.c2ln" }],
  ])("hides %s", (_, fields) => {
    const line = lineOf(fields);
    expect(line).toContain("[redacted]");
    expect(line).not.toContain(KEY);
    expect(line).not.toContain("plain-looking-value");
    expect(line).not.toContain("eyJzdWIi");
  });

  test("leaves numbers and ordinary names as they are", () => {
    const fields = { input_tokens: 12, route: "team-a/chat", isReady: true, monkeys: 3, nothing: null };
    expect(JSON.parse(lineOf(fields))).toMatchObject({ level: "warn", event: "something happened", ...fields });
  });

  test("an error shows its name, message, code, cause and where it came from", () => {
    const error = Object.assign(new TypeError("no route"), { code: "E_NONE" });
    const line = JSON.parse(lineOf({ error })) as { error: { stack: string[] } };
    expect(line.error).toMatchObject({ name: "TypeError", message: "no route", code: "E_NONE" });
    expect(line.error.stack[0]).toContain("redact.test.ts");
  });

  test("survives cycles, huge texts and values that are no JSON", () => {
    const cycle: Record<string, unknown> = { big: 10n, run: () => 1, bytes: new Uint8Array(9), text: "x".repeat(100_000) };
    cycle.self = cycle;
    const line = lineOf(cycle);
    expect(line.length).toBeLessThan(16_384);
    expect(JSON.parse(line)).toMatchObject({ big: "10", bytes: "[9 bytes]" });
  });

  test("a line with too many fields says so instead of being endless", () => {
    const many = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`field${index}`, "y".repeat(4000)]));
    expect(JSON.parse(lineOf(many))).toMatchObject({ event: "something happened", fields: "[too long]" });
  });
});
