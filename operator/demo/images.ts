// POST /v1/images/generations and /v1/images/edits: a small picture in the prompt's colours, in one JSON answer or as events.
// It refuses to draw what was asked for, and sizes other than its own 64 by 64.

import { z } from "zod";
import type { Call, Reply } from "./exchange.ts";
import { json, namedEvent, readBody, sse } from "./exchange.ts";
import { invalid } from "./failure.ts";
import { checked } from "./openai-failure.ts";
import { requireModel } from "./models.ts";
import { readForm } from "./multipart.ts";
import { picture } from "./png.ts";
import type { DemoState } from "./state.ts";
import { digest } from "./words.ts";

const TOKENS_PER_IMAGE = 64;

const request = z.looseObject({
  model: z.string().nullish(),
  prompt: z.string().min(1),
  n: z.int().min(1).max(10).nullish(),
  response_format: z.enum(["b64_json", "url"]).nullish(),
  stream: z.boolean().nullish(),
  partial_images: z.int().min(0).max(3).nullish(),
});
type ImageRequest = z.output<typeof request>;

export function imageGenerations(call: Call, state: DemoState): Promise<Reply> {
  return drawn(readBody(call, request), "image_generation", [], call, state);
}

export async function imageEdits(call: Call, state: DemoState): Promise<Reply> {
  const form = readForm(call);
  const sources = form.files("image").map((file) => file.body);
  if (sources.length === 0) throw invalid("image", "Missing required parameter: 'image'.", "missing_required_parameter");
  const numberOf = (name: string) => (form.text(name) === undefined ? undefined : Number(form.text(name)));
  const asked = checked(request, {
    model: form.text("model"),
    prompt: form.text("prompt"),
    n: numberOf("n"),
    response_format: form.text("response_format"),
    stream: form.text("stream") === "true",
    partial_images: numberOf("partial_images"),
  });
  return drawn(asked, "image_edit", [...sources, ...form.files("mask").map((file) => file.body)], call, state);
}

async function drawn(asked: ImageRequest, kind: string, sources: readonly Buffer[], call: Call, state: DemoState): Promise<Reply> {
  requireModel(asked.model ?? "demo-image", "image");
  const count = asked.n ?? 1;
  const pictures = Array.from({ length: count }, (_, at) => picture(digest(asked.prompt, String(at), ...sources)).toString("base64"));
  const text = (await state.tokenizer()).count(asked.prompt);
  const usage = usageOf(text, sources.length, count);
  const head = { background: "opaque", output_format: "png", quality: "low", size: "64x64" };
  if (asked.stream === true) return sse(events(asked, kind, pictures, { ...head, usage }, call.signal, state));
  const data = pictures.map((encoded) =>
    asked.response_format === "url" ? { url: `data:image/png;base64,${encoded}` } : { b64_json: encoded },
  );
  return json({ created: state.nowSeconds(), ...head, data, usage });
}

function usageOf(textTokens: number, sourceCount: number, count: number) {
  const imageTokens = sourceCount * TOKENS_PER_IMAGE;
  const made = count * TOKENS_PER_IMAGE;
  return {
    input_tokens: textTokens + imageTokens,
    output_tokens: made,
    total_tokens: textTokens + imageTokens + made,
    input_tokens_details: { text_tokens: textTokens, image_tokens: imageTokens },
    output_tokens_details: { text_tokens: 0, image_tokens: made },
  };
}

async function* events(
  asked: ImageRequest,
  kind: string,
  pictures: readonly string[],
  tail: object,
  signal: AbortSignal,
  state: DemoState,
) {
  const createdAt = state.nowSeconds();
  for (const encoded of pictures) {
    for (let partial = 0; partial < (asked.partial_images ?? 0); partial += 1) {
      await state.pause(signal);
      yield namedEvent(`${kind}.partial_image`, {
        b64_json: encoded,
        partial_image_index: partial,
        created_at: createdAt,
        ...tail,
        usage: undefined,
      });
    }
    await state.pause(signal);
    yield namedEvent(`${kind}.completed`, { b64_json: encoded, created_at: createdAt, ...tail });
  }
}
