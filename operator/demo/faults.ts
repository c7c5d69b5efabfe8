// Errors on demand: the model "demo-error-STATUS" or "demo-error-STATUS-VARIANT" is answered with that error.
// A protocol's name may stand in between: "demo-gemini-error-STATUS".
// It refuses to word them: each protocol has its own words for a status.
//   VARIANT  seconds | date | milliseconds | detail | none   how the error says when to come back
//            html | text | empty                              a body that no protocol knows, as proxies send it
//   STATUS 200: an error inside a success. In a stream it comes after some words; VARIANT first: before any; cut: the stream
//            just ends; a status (demo-error-200-429): which error it is.

import type { RetryForm } from "./failure.ts";
import { Failure } from "./failure.ts";

const NAME = /^demo-(?:[a-z]+-)?error-(200|4\d\d|5\d\d)(?:-([a-z]+|[45]\d\d))?$/;
const RETRY_FORMS: readonly string[] = ["seconds", "date", "milliseconds", "detail", "none"] satisfies RetryForm[];
const FORMS: readonly string[] = ["html", "text", "empty"] satisfies Failure["form"][];
const KIND_INSIDE = 503;
/** So many pieces of a stream go out before it breaks: opening events and a few words in every protocol. */
const PIECES_BEFORE = 7;

export interface Fault {
  readonly failure: Failure;
  readonly isInside: boolean;
  readonly place: "first" | "later" | "cut";
}

export function faultOf(model: string): Fault | undefined {
  const [whole, status, variant] = NAME.exec(model) ?? [];
  if (whole === undefined) return undefined;
  const isInside = status === "200";
  const place = variant === "first" || variant === "cut" ? variant : "later";
  const kind = isInside ? Number(/^\d/.test(variant ?? "") ? variant : KIND_INSIDE) : Number(status);
  const retry = RETRY_FORMS.includes(variant ?? "") ? { retry: variant as RetryForm } : {};
  const form = FORMS.includes(variant ?? "") ? { form: variant as Failure["form"] } : {};
  return { isInside, place, failure: new Failure(Number(status), "", { kind, ...retry, ...form }) };
}

/** The pieces of a stream, broken where the model's name asks for it; `told` is the protocol's piece for the failure after so many. */
export async function* broken<Piece>(model: string, whole: AsyncIterable<Piece>, told: (failure: Failure, count: number) => Piece): AsyncGenerator<Piece> {
  const fault = faultOf(model);
  if (fault === undefined) {
    yield* whole;
    return;
  }
  const countMax = fault.place === "first" ? 0 : PIECES_BEFORE;
  let count = 0;
  let held: Piece | undefined;
  for await (const piece of whole) {
    // The last piece is held back in any case: it would be the end of a success.
    if (held !== undefined && count < countMax) {
      count += 1;
      yield held;
    }
    if (count === countMax) break;
    held = piece;
  }
  if (fault.place !== "cut") yield told(fault.failure, count);
}
