// POST /v1/audio/speech: one short tone per word, as a WAV (or bare PCM) that is sent word by word.
// It refuses compressed formats, because nothing here can encode them, and does not pretend.

import { z } from "zod";
import type { Call, Reply } from "./exchange.ts";
import { namedEvent, readBody, sse } from "./exchange.ts";
import { invalid } from "./failure.ts";
import { requireModel } from "./models.ts";
import type { DemoState } from "./state.ts";
import { digest, pieces } from "./words.ts";

const SAMPLES_PER_SECOND = 24_000;
const TONE_SAMPLES = 2400;
const WAV_HEAD_BYTES = 44;
const AMPLITUDE = 6000;

const request = z.looseObject({
  model: z.string(),
  input: z.string().min(1).max(4096),
  voice: z.union([z.string(), z.looseObject({ id: z.string() })]),
  response_format: z.enum(["mp3", "opus", "aac", "flac", "wav", "pcm"]).nullish(),
  stream_format: z.enum(["audio", "sse"]).nullish(),
});

export async function speech(call: Call, state: DemoState): Promise<Reply> {
  const asked = readBody(call, request);
  requireModel(asked.model, "audio");
  const format = asked.response_format ?? "wav";
  if (format !== "wav" && format !== "pcm")
    throw invalid("response_format", `The demo provider speaks wav and pcm, not ${format}.`, "unsupported_value");
  const words = pieces(asked.input);
  const head = format === "wav" ? [wavHead(words.length * TONE_SAMPLES * 2)] : [];
  if (asked.stream_format !== "sse") {
    return { kind: "stream", contentType: format === "wav" ? "audio/wav" : "audio/pcm", pieces: sound(head, words, call.signal, state) };
  }
  const inputTokens = (await state.tokenizer()).count(asked.input);
  const usage = { input_tokens: inputTokens, output_tokens: words.length, total_tokens: inputTokens + words.length };
  return sse(soundEvents(sound(head, words, call.signal, state), usage));
}

async function* sound(
  head: readonly Buffer[],
  words: readonly string[],
  signal: AbortSignal,
  state: DemoState,
): AsyncGenerator<Uint8Array> {
  yield* head;
  for (const word of words) {
    await state.pause(signal);
    yield tone(word);
  }
}

async function* soundEvents(sounds: AsyncIterable<Uint8Array>, usage: object): AsyncGenerator<string> {
  for await (const piece of sounds) {
    yield namedEvent("speech.audio.delta", { audio: Buffer.from(piece).toString("base64") });
  }
  yield namedEvent("speech.audio.done", { usage });
}

/** The pitch comes from the word, and the tone fades in and out so that it does not click. */
function tone(word: string): Buffer {
  const hertz = 220 + ((digest(word.trim().toLowerCase())[0] ?? 0) % 24) * 20;
  const samples = Buffer.alloc(TONE_SAMPLES * 2);
  for (let at = 0; at < TONE_SAMPLES; at += 1) {
    const loudness = Math.sin((Math.PI * at) / TONE_SAMPLES);
    const wave = Math.sin((2 * Math.PI * hertz * at) / SAMPLES_PER_SECOND);
    samples.writeInt16LE(Math.round(AMPLITUDE * loudness * wave), at * 2);
  }
  return samples;
}

export function wavHead(dataBytes: number): Buffer {
  const head = Buffer.alloc(WAV_HEAD_BYTES);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(WAV_HEAD_BYTES - 8 + dataBytes, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  head.writeUInt32LE(SAMPLES_PER_SECOND * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(dataBytes, 40);
  return head;
}
