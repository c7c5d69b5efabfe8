// The list of models in the form that each family of SDKs reads, pages included. It knows names; who may see which of
// them is decided elsewhere.
import type { ProtocolName } from "../snapshot/schema.ts";
import type { Json } from "../wire/json.ts";
import type { JsonObject } from "./json-members.ts";

export interface ListedModel {
  readonly name: string;
  readonly owner: string;
}

export interface ModelListForm {
  /** `query` with "?", or "". Null: the page that is asked for does not exist. */
  list(models: readonly ListedModel[], query: string): JsonObject;
  one(model: ListedModel): JsonObject;
}

/** Nobody knows when a name was made, and clients read a date. */
const LONG_AGO = "1970-01-01T00:00:00Z";
const PAGE_MAX = 1000;

const sizeOf = (text: string | null): number => {
  const size = text === null ? PAGE_MAX : Number(text);
  return Number.isInteger(size) && size > 0 ? Math.min(size, PAGE_MAX) : PAGE_MAX;
};

const openai: ModelListForm = {
  list: (models) => ({ object: "list", data: models.map((model) => openai.one(model)) }),
  one: ({ name, owner }) => ({ id: name, object: "model", created: 0, owned_by: owner }),
};

const anthropic: ModelListForm = {
  list(models, query) {
    const parameters = new URLSearchParams(query);
    const size = sizeOf(parameters.get("limit"));
    const [after, before] = [parameters.get("after_id"), parameters.get("before_id")];
    const start = after === null ? 0 : models.findIndex(({ name }) => name === after) + 1;
    const end = before === null ? models.length : Math.max(0, models.findIndex(({ name }) => name === before));
    const page = before === null ? models.slice(start, start + size) : models.slice(Math.max(0, end - size), end);
    const hasMore = before === null ? start + size < models.length : end - size > 0;
    return { data: page.map((model) => anthropic.one(model)), first_id: page[0]?.name ?? null, last_id: page.at(-1)?.name ?? null, has_more: hasMore };
  },
  one: ({ name }) => ({ type: "model", id: name, display_name: name, created_at: LONG_AGO }),
};

const METHODS: Json = ["generateContent", "streamGenerateContent", "countTokens"];

const gemini: ModelListForm = {
  list(models, query) {
    const parameters = new URLSearchParams(query);
    const start = Math.max(0, Math.trunc(Number(parameters.get("pageToken") ?? 0)) || 0);
    const end = start + sizeOf(parameters.get("pageSize"));
    return { models: models.slice(start, end).map((model) => gemini.one(model)), ...(end < models.length && { nextPageToken: String(end) }) };
  },
  one: ({ name }) => ({ name: `models/${name}`, baseModelId: name, version: "", displayName: name, supportedGenerationMethods: METHODS }),
};

const bedrock: ModelListForm = {
  list: (models) => ({ modelSummaries: models.map((model) => bedrock.one(model)) }),
  one: ({ name, owner }) => ({
    modelArn: `arn:aws:bedrock:::foundation-model/${name}`,
    modelId: name,
    modelName: name,
    providerName: owner,
    inputModalities: ["TEXT"],
    outputModalities: ["TEXT"],
    responseStreamingSupported: true,
    inferenceTypesSupported: ["ON_DEMAND"],
  }),
};

export const modelListForm = (protocol: ProtocolName): ModelListForm =>
  protocol === "anthropic-messages" ? anthropic : protocol === "gemini" ? gemini : protocol === "bedrock-converse" ? bedrock : openai;
