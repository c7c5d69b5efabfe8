// A failure of ours inside a data-only stream of OpenAI's family.
// It never writes the success terminator: the stream of the client ends behind the error.
import type { Failure } from "../errors.ts";
import { encodeEvent } from "../wire/sse-events.ts";
import type { StreamWatch } from "./pass-through.ts";
import { failureBody } from "./openai-failure.ts";
import { closeEvent } from "./sse-watch.ts";

export const encodeStreamFailure = (failure: Failure, watch: StreamWatch): Buffer => {
  const error = JSON.stringify(failureBody(failure));
  return Buffer.from(closeEvent(watch, error) + encodeEvent(`{"error":${error}}`));
};
