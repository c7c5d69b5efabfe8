// POST /v1/audio/transcriptions and /v1/audio/translations: the "text" names the uploaded file, its size and its SHA-256,
// so that a gateway in between can be seen to have passed every byte.
// It refuses to listen: nothing here decodes sound.

import type { Call, Reply } from "./exchange.ts";
import { dataLine, json, sse } from "./exchange.ts";
import { invalid } from "./failure.ts";
import { requireModel } from "./models.ts";
import type { Part } from "./multipart.ts";
import { readForm } from "./multipart.ts";
import type { DemoState } from "./state.ts";
import { digest, pieces } from "./words.ts";

/** Seconds are told as if the file were 16 kHz, 16 bit, one channel. */
const BYTES_PER_SECOND = 32_000;
const FORMATS = ["json", "text", "verbose_json", "srt", "vtt"];

export async function transcriptions(call: Call, state: DemoState): Promise<Reply> {
  return heard("transcribe", call, state);
}

export async function translations(call: Call, state: DemoState): Promise<Reply> {
  return heard("translate", call, state);
}

async function heard(task: "transcribe" | "translate", call: Call, state: DemoState): Promise<Reply> {
  const form = readForm(call);
  requireModel(form.required("model"), "audio");
  const file = form.files("file")[0];
  if (file === undefined) throw invalid("file", "Missing required parameter: 'file'.", "missing_required_parameter");
  const format = form.text("response_format") ?? "json";
  if (!FORMATS.includes(format)) throw invalid("response_format", `Invalid value for 'response_format': '${format}'.`, "unsupported_value");
  const text = transcriptOf(file);
  const usage = usageOf(file, (await state.tokenizer()).count(text));
  if (task === "transcribe" && form.text("stream") === "true") return sse(events(text, usage, call.signal, state));
  return written(format, text, task, form.text("language") ?? "english", file, usage);
}

function transcriptOf(file: Part): string {
  return `The demo provider received ${file.filename ?? "a file"}, ${file.body.length} bytes, sha256 ${digest(file.body).toString("hex")}.`;
}

function secondsOf(file: Part): number {
  return Math.ceil((file.body.length / BYTES_PER_SECOND) * 100) / 100;
}

function usageOf(file: Part, textTokens: number) {
  const audioTokens = Math.ceil(secondsOf(file) * 10);
  const details = { text_tokens: 0, audio_tokens: audioTokens };
  return {
    type: "tokens",
    input_tokens: audioTokens,
    input_token_details: details,
    output_tokens: textTokens,
    total_tokens: audioTokens + textTokens,
  };
}

function written(format: string, text: string, task: string, language: string, file: Part, usage: object): Reply {
  const plain = (contentType: string, body: string): Reply => ({ kind: "bytes", contentType, body: Buffer.from(body) });
  const seconds = secondsOf(file);
  switch (format) {
    case "text":
      return plain("text/plain; charset=utf-8", `${text}\n`);
    case "srt":
      return plain("application/x-subrip", `1\n00:00:00,000 --> ${instant(seconds, ",")}\n${text}\n\n`);
    case "vtt":
      return plain("text/vtt; charset=utf-8", `WEBVTT\n\n00:00:00.000 --> ${instant(seconds, ".")}\n${text}\n\n`);
    case "verbose_json":
      return json({
        task,
        language,
        duration: seconds,
        text,
        segments: [segment(text, seconds)],
        usage: { type: "duration", seconds: Math.ceil(seconds) },
      });
    default:
      return json({ text, usage });
  }
}

function segment(text: string, seconds: number) {
  return {
    id: 0,
    seek: 0,
    start: 0,
    end: seconds,
    text,
    tokens: [],
    temperature: 0,
    avg_logprob: 0,
    compression_ratio: 1,
    no_speech_prob: 0,
  };
}

function instant(seconds: number, point: string): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const thousandths = String(Math.round((seconds % 1) * 1000)).padStart(3, "0");
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}${point}${thousandths}`;
}

async function* events(text: string, usage: object, signal: AbortSignal, state: DemoState): AsyncGenerator<string> {
  for (const delta of pieces(text)) {
    await state.pause(signal);
    yield dataLine({ type: "transcript.text.delta", delta });
  }
  yield dataLine({ type: "transcript.text.done", text, usage });
}
