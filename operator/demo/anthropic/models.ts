// The list of models as Anthropic's clients read it.
import { demoModels } from "../models.ts";

export function anthropicModel(id: string) {
  return { type: "model", id, display_name: id, created_at: "2026-01-01T00:00:00Z" };
}

export function anthropicModels() {
  const data = demoModels.map(anthropicModel);
  return { data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: false };
}
