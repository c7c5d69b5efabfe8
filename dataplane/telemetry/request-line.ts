// The one JSON line of a request, put together in the buffer that will be written: a tenth of what JSON.stringify costs.
// Only fields of RequestRecord are in it, so neither content nor keys can be.
import { asciiBytes, isPlain, writeBytes, writeInteger, writeMilliseconds, writePlain, writeTime } from "./line-writer.ts";
import type { RequestRecord } from "./record.ts";
import { Tree } from "./tree.ts";

const TEXT_LENGTH_MAX = 256;
const MEMORY_MAX = 1024;
/** Time, id, trace id, ten numbers and their names take less. */
const VARIABLE_BYTES_MAX = 1536;

const OPEN = asciiBytes('{"time":"');
const ID = asciiBytes('","id":"');
const TRACE = asciiBytes('","trace_id":"');
const BEFORE_UPSTREAM = asciiBytes(',"before_upstream_ms":');
const FIRST_BYTE = asciiBytes(',"first_byte_ms":');
const DURATION = asciiBytes(',"duration_ms":');
const ATTEMPTS = asciiBytes(',"attempts":');
const BYTES_IN = asciiBytes(',"bytes_in":');
const BYTES_OUT = asciiBytes(',"bytes_out":');
const INPUT = asciiBytes(',"input_tokens":');
const OUTPUT = asciiBytes(',"output_tokens":');
const CACHED = asciiBytes(',"cached_input_tokens":');
const REASONING = asciiBytes(',"reasoning_tokens":');
const CLOSE = asciiBytes("}\n");
const NULL = asciiBytes("null");

// The names of a request recur from one to the next: their part of the line is spelt once and kept.
const names = new Tree<Buffer>(MEMORY_MAX);

export const namesOf = (record: RequestRecord): Buffer => {
  const branch = names.root
    .step(record.routeName)
    .step(record.targetName)
    .step(record.providerName)
    .step(record.callerName)
    .step(record.team)
    .step(record.modelAsked)
    .step(record.modelSent)
    .step(record.path)
    .step(record.method)
    .step(record.status)
    .step(record.upstreamStatus)
    .step(record.errorCode)
    .step(record.finishReason)
    .step((record.isStreaming ? 1 : 0) + (record.isAborted ? 2 : 0) + (record.isUsageEstimated ? 4 : 0));
  return branch.leaf ?? names.grow(branch, Buffer.from(spellNames(record), "utf8"));
};

/** From the trace id's closing quote to the last of the names. */
const spellNames = (record: RequestRecord): string => {
  const level = record.status >= 500 ? "error" : record.status >= 400 ? "warn" : "info";
  const members = {
    level,
    event: "request",
    method: record.method,
    path: record.path,
    operation: record.operation,
    caller: record.callerName,
    team: record.team,
    route: record.routeName,
    target: record.targetName,
    provider: record.providerName,
    model: record.modelAsked,
    model_sent: record.modelSent,
    status: record.status,
    upstream_status: record.upstreamStatus,
    error: record.errorCode,
    finish_reason: record.finishReason,
    streaming: record.isStreaming,
    aborted: record.isAborted,
    usage_estimated: record.isUsageEstimated,
  };
  const text = JSON.stringify(members, (_, member: unknown) => (typeof member === "string" ? member.slice(0, TEXT_LENGTH_MAX) : member));
  return `",${text.slice(1, -1)}`;
};

/** No line is longer than this. */
export const requestLineBytesMax = (recordNames: Buffer): number => recordNames.length + VARIABLE_BYTES_MAX;

/** Writes the line with its line break at `offset` and returns where it ends. Tokens and times that are not known are null. */
export const writeRequestLine = (record: RequestRecord, recordNames: Buffer, traceId: string, into: Buffer, offset: number): number => {
  const durationMs = record.endTick - record.startTick;
  let end = writeTime(record.startedAt + durationMs, into, writeBytes(OPEN, into, offset));
  end = writeText(record.id, into, writeBytes(ID, into, end));
  end = writePlain(traceId, into, writeBytes(TRACE, into, end));
  end += recordNames.copy(into, end);
  end = writeInteger(record.attempts, into, writeBytes(ATTEMPTS, into, end));
  end = writeSince(record, record.upstreamStartTick, into, writeBytes(BEFORE_UPSTREAM, into, end));
  end = writeSince(record, record.firstByteTick, into, writeBytes(FIRST_BYTE, into, end));
  end = writeMilliseconds(durationMs, into, writeBytes(DURATION, into, end));
  end = writeInteger(record.bytesIn, into, writeBytes(BYTES_IN, into, end));
  end = writeInteger(record.bytesOut, into, writeBytes(BYTES_OUT, into, end));
  end = writeTokens(record.inputTokens, into, writeBytes(INPUT, into, end));
  end = writeTokens(record.outputTokens, into, writeBytes(OUTPUT, into, end));
  end = writeTokens(record.cachedInputTokens, into, writeBytes(CACHED, into, end));
  end = writeTokens(record.reasoningTokens, into, writeBytes(REASONING, into, end));
  return writeBytes(CLOSE, into, end);
};

const writeText = (text: string, into: Buffer, offset: number): number => {
  const short = text.length > TEXT_LENGTH_MAX / 2 ? text.slice(0, TEXT_LENGTH_MAX / 2) : text;
  if (isPlain(short)) return writePlain(short, into, offset);
  return offset + into.write(JSON.stringify(short).slice(1, -1), offset, "utf8");
};

const writeSince = (record: RequestRecord, tick: number, into: Buffer, offset: number): number =>
  tick > 0 ? writeMilliseconds(tick - record.startTick, into, offset) : writeBytes(NULL, into, offset);

const writeTokens = (amount: number, into: Buffer, offset: number): number =>
  amount < 0 ? writeBytes(NULL, into, offset) : writeInteger(amount, into, offset);
