// Whole replies made of `choices`: what they say about themselves, and the error they may be.
// Most are skimmed: their first and last bytes tell all in the order in which OpenAI writes. Any other order is parsed.
import { isObject, type Json, parseJson } from "../wire/json.ts";
import type { PassThrough, Summary } from "./pass-through.ts";
import { type JsonObject, objectsIn, stringOf } from "./json-members.ts";
import { type MeasureChoice, usageIn } from "./openai-choices.ts";
import { errorFrom, errorIn } from "./openai-failure.ts";
import { addUsage, hasUsage, noSummary, readUsage, tokensIn } from "./openai-usage.ts";

type Reading = ReturnType<PassThrough["readReply"]>;

const HEAD_BYTES = 256;
const END_BYTES = 1024;
/** The outermost object, its first members scalars, its model among them. */
const OPENING = /^\s*\{[^{}[\]]*"model"\s*:\s*"([\x20-\x21\x23-\x5b\x5d-\x7e]+)"/;
/** The last choice's reason, the end of the choices, the usage right behind them, scalars, and one closing brace. */
const ENDING = /"finish_reason"\s*:\s*"([a-z_]+)"([^[\]]*)\]\s*,\s*"usage"\s*:\s*(\{[^"]*(?:"\w+"\s*:\s*(?:-?[\d.]+|null|\{[^{}]*\})[\s,]*)*\})(?:\s*,\s*"\w+"\s*:\s*(?:"[^"\\]*"|[\w.+-]+))*\s*\}\s*$/y;

/**
 * Null when the reply has to be parsed. A reply that was cut off never matches: the braces that the ending closes are
 * those of the usage and of the reply itself.
 */
const skim = (body: Buffer): Summary | null => {
  const tail = body.toString("latin1", Math.max(0, body.length - END_BYTES));
  // Where the ending begins is known, so that the pattern need not be tried at every place.
  ENDING.lastIndex = tail.lastIndexOf('"finish_reason"');
  const ending = ENDING.lastIndex === -1 ? null : ENDING.exec(tail);
  if (ending === null) return null;
  const [, reason = "", behindReason = "", usageText = ""] = ending;
  const head = body.toString("latin1", 0, HEAD_BYTES);
  const model = OPENING.exec(head);
  const usage = readUsage(parseJson(usageText));
  if (model === null || usage === null || !hasUsage(usage) || behindReason.includes('"error"') || model[0].includes('"error"')) return null;
  return { ...usage, finishReason: reason, model: model[1] ?? "", outputTokensEstimate: 0 };
};

const parse = (body: Buffer, measure: MeasureChoice): Reading => {
  const document = parseJson(body.toString("utf8"));
  const summary = noSummary();
  if (document === undefined) return { summary, error: null, isWhole: false };
  if (!isObject(document)) return { summary, error: errorIn(document), isWhole: true };
  const choices = objectsIn(document["choices"]);
  addUsage(summary, usageIn(document, choices));
  summary.model = stringOf(document["model"]);
  for (const choice of choices) summary.finishReason = stringOf(choice["finish_reason"]) || summary.finishReason;
  if (summary.outputTokens < 0) summary.outputTokensEstimate = tokensIn(choices.reduce((sum, choice) => sum + measure(choice), 0));
  return { summary, error: errorIn(document) ?? errorWithoutChoices(document), isWhole: true };
};

/** An object that is neither an answer nor one of the documents around stored ones. */
const errorWithoutChoices = (document: JsonObject): Reading["error"] => {
  const object: Json | undefined = document["object"];
  return "choices" in document || typeof object === "string" ? null : errorFrom("", document);
};

export const readChoicesReply = (body: Buffer, measure: MeasureChoice): Reading => {
  const summary = skim(body);
  return summary === null ? parse(body, measure) : { summary, error: null, isWhole: true };
};
