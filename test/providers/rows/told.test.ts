// What each vendor's documentation says beside its protocols: the headers in which it tells its limits, where it lists its models,
// and whether it bills what was given up. Said apart from the rows, so that a slip in either is seen.
import { describe, expect, it, vi } from "vitest";
import { catalogue } from "../../../dataplane/providers/catalogue.ts";
import type { ProviderType } from "../../../dataplane/snapshot/schema.ts";
import { reply } from "../../doubles/provider-replies.ts";
import { ask } from "../../story/caller.ts";
import { clients } from "./clients.ts";
import { served } from "./served.ts";
import { answersFor, vendors } from "./vendors.ts";

vi.mock("google-auth-library", () => import("../../doubles/google-auth.ts"));

/** One of each kind that some vendor has. */
const limits = {
  openai: "x-ratelimit-remaining-requests",
  region: "x-ms-region",
  anthropic: "anthropic-ratelimit-input-tokens-remaining",
  size: "ratelimitbysize-remaining",
  trial: "x-trial-endpoint-call-remaining",
  tier: "x-gemini-service-tier",
  bedrock: "x-amzn-bedrock-input-token-count",
  draft: "ratelimit",
  lost: "x-llmgw-losses",
  guessed: "x-llmgw-estimated",
} as const;
type Limit = keyof typeof limits;

/** What another gateway of this kind lost and guessed on the way is told as well, so that it is not lost here in silence. */
const everything = Object.keys(limits) as Limit[];
const all = everything.filter((limit) => limit !== "lost" && limit !== "guessed");

interface Said {
  readonly limits: readonly Limit[];
  /** "": no such call on the host that answers. */
  readonly models: string;
  readonly bills: boolean;
}

const said = (told: readonly Limit[], models: string, bills = true): Said => ({ limits: told, models, bills });
/** Whoever is behind it tells in its own words. */
const relay = said(all, "/v1/models");
const self = said([], "/v1/models", false);

const documented: Readonly<Record<ProviderType, Said>> = {
  "openai": said(["openai"], "/v1/models"),
  "anthropic": said(["anthropic"], "/v1/models"),
  "gemini": said(["tier"], "/v1beta/models"),
  "azure-openai": said(["openai", "region"], "/openai/v1/models"),
  "vertex-ai": said(["tier"], ""),
  "bedrock": said(["bedrock"], ""),
  "mistral": said(["openai", "size"], "/v1/models"),
  "cohere": said(["trial"], "/v1/models"),
  "deepseek": said([], "/models"),
  "dashscope": said([], "/compatible-mode/v1/models"),
  "siliconflow": said([], "/v1/models"),
  "openrouter": said(["openai"], "/api/v1/models"),
  "groq": said(["openai"], "/openai/v1/models"),
  "together": said(["openai"], "/v1/models"),
  "fireworks": said(["openai"], "/inference/v1/models"),
  "xai": said(["openai"], "/v1/models"),
  "perplexity": said([], ""),
  "portkey": relay,
  "tokenmix": relay,
  "foursapi": relay,
  "treerouter": relay,
  "dmxapi": relay,
  "aihubmix": relay,
  "ollama": said([], "/api/tags", false),
  "vllm": self,
  "sglang": self,
  "llama-cpp": self,
  "litellm": relay,
  "one-api": relay,
  "llm-gateway": said(everything, "/v1/models"),
  "openai-compatible": relay,
  "anthropic-compatible": relay,
};

const rows = served();
const PREFIX = "x-llmgw-upstream-";

describe.each(vendors)("$name", (vendor) => {
  it("has its own limits told to the client, and nothing that is no limit of its", async () => {
    rows().serve(vendor);
    const { type, chat } = vendor;
    const headers = Object.fromEntries([...Object.values(limits).map((name) => [name, "7"]), ["x-served-by", "rack-12"]]);
    rows().provider.use(reply({ body: answersFor(chat).whole, headers: { "content-type": "application/json", ...headers } }));
    const { path, body, headers: own } = clients.chat;
    const answer = await ask(rows().url, { path, body: body(false), headers: own });
    expect(answer.status).toBe(200);
    const told = Object.keys(answer.headers).filter((name) => name.startsWith(PREFIX));
    expect(told.toSorted()).toEqual(documented[type].limits.map((limit) => PREFIX + limits[limit].replace(/^x-/, "")).toSorted());
  });
});

it.each(Object.entries(catalogue))("the row of %s says where its models are listed, and whether it bills what was given up", (type, { modelList, billsAborted }) => {
  expect({ models: modelList, bills: billsAborted }).toMatchObject({ models: documented[type as ProviderType].models, bills: documented[type as ProviderType].bills });
});
