// POST /v1/moderations: flags by a handful of plain words, so that a guard has something to trip over.
// It refuses judgement: it is a word list, not a classifier.

import { z } from "zod";
import type { Call, Reply } from "./exchange.ts";
import { json, readBody } from "./exchange.ts";
import { requireModel } from "./models.ts";
import type { DemoState } from "./state.ts";

const CATEGORIES: Readonly<Record<string, readonly string[]>> = {
  harassment: ["idiot", "stupid"],
  "harassment/threatening": [],
  hate: ["hate"],
  "hate/threatening": [],
  illicit: ["shoplift", "launder"],
  "illicit/violent": ["bomb"],
  "self-harm": [],
  "self-harm/instructions": [],
  "self-harm/intent": [],
  sexual: ["nude"],
  "sexual/minors": [],
  violence: ["kill", "attack", "bomb"],
  "violence/graphic": [],
};
const SCORE_FLAGGED = 0.99;
const SCORE_CLEAR = 0.001;

const part = z.looseObject({ type: z.enum(["text", "image_url"]), text: z.string().optional() });
const request = z.looseObject({
  model: z.string().nullish(),
  input: z.union([z.string(), z.array(z.string()).min(1), z.array(part).min(1)]),
});

export function moderations(call: Call, state: DemoState): Reply {
  const asked = readBody(call, request);
  const model = asked.model ?? "demo-moderation";
  requireModel(model, "moderation");
  return json({ id: state.nextId("modr-", call.body), model, results: judged(asked.input) });
}

/** Strings are judged one by one; the parts of a mixed input together. */
function judged(input: z.output<typeof request>["input"]) {
  if (typeof input === "string") return [verdict(input, ["text"])];
  const parts = input.filter((each) => typeof each !== "string");
  if (parts.length === 0) return input.map((each) => verdict(typeof each === "string" ? each : "", ["text"]));
  const kinds = new Set(parts.map((each) => (each.type === "text" ? "text" : "image")));
  return [verdict(parts.map((each) => each.text ?? "").join(" "), [...kinds])];
}

function verdict(text: string, kinds: readonly string[]) {
  const words = new Set(text.toLowerCase().match(/\p{L}+/gu));
  const flags = Object.entries(CATEGORIES).map(([name, listed]) => [name, listed.some((word) => words.has(word))] as const);
  return {
    flagged: flags.some(([, isFlagged]) => isFlagged),
    categories: Object.fromEntries(flags),
    category_scores: Object.fromEntries(flags.map(([name, isFlagged]) => [name, isFlagged ? SCORE_FLAGGED : SCORE_CLEAR])),
    category_applied_input_types: Object.fromEntries(flags.map(([name]) => [name, kinds])),
  };
}
