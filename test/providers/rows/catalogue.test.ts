// Laws for the rows: what every one of them must say, and what none may.
import { describe, expect, it } from "vitest";
import { typesWithoutAddress } from "../../../crds/provider.ts";
import { checkEndpointUrl } from "../../../dataplane/providers/address.ts";
import { catalogue } from "../../../dataplane/providers/catalogue.ts";
import { dialectsOf } from "../../../dataplane/providers/dialects.ts";
import type { Row } from "../../../dataplane/providers/row.ts";
import { protocolNames, providerTypes, type ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { providerTypeWords } from "../../../operator/compile/words.ts";

/** What changes the meaning of an answer is a matter of what a vendor can do, not of a member that is left out. */
const MEANING = ["messages", "model", "tools", "tool_choice", "response_format", "n", "system", "input", "modalities", "audio"];

describe.each(Object.entries(catalogue))("the row of %s", (type, row: Row) => {
  it("speaks something, once each, and has differences and bases for nothing that nobody can ask", () => {
    expect(row.protocols.length).toBeGreaterThan(0);
    expect(new Set(row.protocols).size).toBe(row.protocols.length);
    for (const name of Object.keys(row.bases ?? {})) expect(protocolNames).toContain(name);
    // What stands somewhere can be named by the provider's owner, although the row does not choose it.
    const known = [...row.protocols, ...Object.keys(row.bases ?? {})];
    for (const name of Object.keys(row.dialects ?? {})) expect(known).toContain(name);
    for (const { protocol } of row.models ?? []) expect(row.protocols).toContain(protocol);
    for (const { protocols } of row.speaks ?? []) for (const name of protocols) expect(known).toContain(name);
  });

  it("has an address that may be dialled, or the kinds say that an endpoint must", () => {
    const isWithout = typesWithoutAddress.some((name) => providerTypeWords[name] === type);
    expect(row.url === undefined).toBe(isWithout);
    if (row.url !== undefined) expect(checkEndpointUrl(row.url.replaceAll(/\{\w+\}/g, "x"))).toBeNull();
    for (const base of Object.values(row.bases ?? {})) expect(base).toMatch(/^(?:\/[^/?#]+)*$/);
  });

  it("leaves out no member that changes what is meant", () => {
    for (const { refuses = [] } of [...Object.values(row.dialects ?? {}), ...(row.models ?? []).map(({ dialect }) => dialect)]) for (const name of refuses) expect(MEANING).not.toContain(name);
  });

  it("says when it was seen", () => {
    expect(row.seen).toMatch(/^20\d\d-\d\d$/);
    expect(row.modelList).toMatch(/^(?:|\/[\w/.-]+)$/);
  });
});

describe("the differences of a model", () => {
  const dialect = (type: keyof typeof catalogue, protocol: ProtocolName, model: string) => dialectsOf(catalogue[type], protocol)(model);

  it.each([
    ["qwen3-32b", true], ["qwen3-235b-a22b", true], ["qwq-plus", true], ["qvq-max", true], ["qwen2.5-omni-7b", true], ["qwen3-next-80b-a3b-thinking", true],
    ["qwen3-max", false], ["qwen-plus", false], ["qwen3-coder-plus", false], ["qwen3.6-plus", false], ["qwen3-vl-plus", false],
  ])("say of %s at DashScope whether it can only stream", (model, expected) => {
    expect(dialect("dashscope", "openai-chat", model).dialect.onlyStreams === true).toBe(expected);
    expect(dialect("dashscope", "dashscope", model).dialect.onlyStreams === true).toBe(expected);
  });

  it.each([
    ["anthropic", "claude-3-haiku-20240307", 4096], ["anthropic", "claude-3-5-sonnet-latest", 8192], ["anthropic", "claude-opus-4-1", 32_000], ["anthropic", "claude-opus-4-20250514", 32_000],
    ["anthropic", "claude-opus-4-5", 64_000], ["anthropic", "claude-sonnet-4-5", 64_000], ["bedrock", "us.anthropic.claude-3-5-haiku-20241022-v1:0", 8192], ["vertex-ai", "claude-haiku-4-5@20251001", 64_000],
  ] as const)("say at %s of %s how much it writes at most", (type, model, tokens) => {
    expect(dialect(type, "anthropic-messages", model).outputTokensMax).toBe(tokens);
  });

  it.each([["gpt-5.4", "max_completion_tokens"], ["openai/o4-mini", "max_completion_tokens"], ["gpt-4.1", "max_tokens"], ["claude-haiku-4-5", "max_tokens"], ["foo1", "max_tokens"]])(
    "name the limit of the output for %s behind a relay: %s",
    (model, member) => expect(dialect("one-api", "openai-chat", model).dialect.outputLimit).toBe(member),
  );

  it("are put together with those of the row", () => {
    const { dialect: mini } = dialect("xai", "openai-chat", "grok-3-mini-fast");
    expect(mini).toMatchObject({ reasoningMember: "reasoning_content", reasoningRequest: "reasoning_effort", abilities: { reasoning: "effort", logprobsMax: 8 } });
    expect(dialect("xai", "openai-chat", "grok-4-fast-non-reasoning").dialect.abilities?.stopMax).toBeUndefined();
    expect(dialect("xai", "openai-chat", "grok-4-0709").dialect.abilities?.stopMax).toBe(0);
  });

  it("leave the bytes of most vendors alone, and are worked out once", () => {
    for (const type of providerTypes) {
      const of = dialectsOf(catalogue[type], "openai-chat");
      expect(of("a-model")).toBe(of("a-model"));
    }
    const isEdited = (type: keyof typeof catalogue, protocol: ProtocolName) => dialect(type, protocol, "a-model").edit !== null;
    expect(providerTypes.filter((type) => isEdited(type, "openai-chat"))).toEqual(["mistral", "groq", "perplexity"]);
    expect(providerTypes.filter((type) => isEdited(type, "anthropic-messages"))).toEqual(["vertex-ai", "bedrock"]);
  });
});
