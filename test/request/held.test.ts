// What is held of a question while its answer is awaited.
import { expect, test } from "vitest";
import { clientCodecs } from "../../dataplane/protocols/index.ts";
import type { ClientCodec } from "../../dataplane/protocols/codec.ts";
import { heldOf } from "../../dataplane/request/held.ts";
import { asking, tool } from "../protocols/fit/asking.ts";

const asked = asking({ model: "claude", isUsageWanted: true, tools: [tool("f")], format: { kind: "json" } });

test.each(["openai-chat", "anthropic-messages"] as const)("for a client of %s: no turns, and of tools their places and names", (protocol) => {
  const held = heldOf(asked, clientCodecs[protocol] as ClientCodec);
  expect(held).toMatchObject({ model: "claude", isUsageWanted: true, turns: [], format: null });
  expect(held.tools).toEqual([{ kind: "function", at: "tool f", name: "f", description: "", schema: null, isStrict: null }]);
});

test("all of it for a client whose answers repeat it", () => {
  expect(heldOf(asked, clientCodecs["openai-responses"] as ClientCodec)).toBe(asked);
});
