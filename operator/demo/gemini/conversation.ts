// What only the whole conversation shows: roles, calls and their responses, and the signatures of thoughts.
// It refuses in the words of the real API, so that whoever translates wrongly reads what a user would read.
import { canonical } from "../prompt.ts";
import { isSignatureOf, signatureOf } from "../signature.ts";
import { refused } from "./failure.ts";
import type { Content, GenerateRequest, Part } from "./request.ts";

/** Documented for histories that come from another model. */
const BYPASS = "skip_thought_signature_validator";
const BYPASS_ENCODED = Buffer.from(BYPASS).toString("base64");
const ROLES = [undefined, "user", "model", "function"];

type FunctionCall = NonNullable<Part["functionCall"]>;

export function callSignature(call: Pick<FunctionCall, "name" | "args">): string {
  return signatureOf("function call", canonical({ name: call.name, args: call.args ?? {} }));
}

/** Texts are cut and joined on their way: what is signed is only that a text was ours. */
export const TEXT_SIGNATURE = signatureOf("text", "");

export function requireOrder(contents: readonly Content[]): void {
  for (const [index, { role, parts }] of contents.entries()) {
    if (!ROLES.includes(role)) throw refused("Please use a valid role: user, model.");
    if (parts.length === 0) throw refused(`* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.`);
    const calls = callsOf(contents[index]);
    if (calls.length > 0) requireResponses(calls, contents[index + 1]);
    const before = callsOf(contents[index - 1]);
    const isAnswering = parts.some((part) => part.functionResponse !== undefined);
    if (calls.length > 0 && role !== "model") throw refused("Function calls can only be in turns of role model.");
    if (isAnswering && before.length === 0) throw refused("Please ensure that function response turn comes immediately after a function call turn.");
    if (calls.length > 0 && (index === 0 || contents[index - 1]?.role === "model")) {
      throw refused("Please ensure that function call turn comes immediately after a user turn or after a function response turn.");
    }
  }
  requireSignatures(contents);
}

function callsOf(content: Content | undefined): FunctionCall[] {
  return (content?.parts ?? []).flatMap((part) => (part.functionCall === undefined ? [] : [part.functionCall]));
}

function requireResponses(calls: readonly FunctionCall[], next: Content | undefined): void {
  const responses = (next?.parts ?? []).flatMap((part) => (part.functionResponse === undefined ? [] : [part.functionResponse]));
  if (responses.length !== calls.length) {
    throw refused("Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.");
  }
  const open = [...calls];
  for (const response of responses) {
    const at = open.findIndex((call) => (call.id === undefined || response.id === undefined ? call.name === response.name : call.id === response.id));
    if (at < 0) throw refused(`Function response '${response.name}' has no function call in the turn before it.`);
    open.splice(at, 1);
  }
}

/** The first call of each step since the user last spoke must carry its signature; whatever is carried must be ours. */
function requireSignatures(contents: readonly Content[]): void {
  const isSpoken = (content: Content) => content.role !== "model" && content.parts.some((part) => part.functionResponse === undefined);
  const turnStart = contents.findLastIndex(isSpoken);
  for (const [index, { parts }] of contents.entries()) {
    for (const [at, part] of parts.entries()) {
      if (part.thoughtSignature !== undefined && !isOwn(part)) throw refused("Corrupted thought signature.");
      const isFirst = parts.findIndex((other) => other.functionCall !== undefined) === at;
      if (part.functionCall === undefined || !isFirst || index < turnStart || part.thoughtSignature !== undefined) continue;
      const place = `function call \`default_api:${part.functionCall.name}\`, position ${index + 1}`;
      throw refused(`Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, ${place}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`);
    }
  }
}

function isOwn({ thoughtSignature = "", functionCall }: Part): boolean {
  if (thoughtSignature === BYPASS || thoughtSignature === BYPASS_ENCODED) return true;
  // Google's Python library sends bytes in the alphabet for URLs, and the real API takes both.
  const signature = thoughtSignature.replaceAll("-", "+").replaceAll("_", "/");
  if (functionCall === undefined) return isSignatureOf("text", "", signature);
  return signature === callSignature(functionCall);
}

export function requireSettings(request: Partial<GenerateRequest>): void {
  const { thinkingConfig: thinking, responseMimeType, responseSchema, responseJsonSchema } = request.generationConfig ?? {};
  if (thinking?.thinkingBudget !== undefined && thinking.thinkingLevel !== undefined) {
    throw refused("You can only set only one of thinking budget and thinking level.");
  }
  const hasSchema = responseSchema !== undefined || responseJsonSchema !== undefined;
  if (hasSchema && responseMimeType !== "application/json") throw refused("response_schema is only supported with response_mime_type application/json.");
  if (responseSchema !== undefined && responseJsonSchema !== undefined) throw refused("response_schema and response_json_schema are mutually exclusive.");
  const declared = (request.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
  const doubled = declared.find((one, at) => declared.findIndex((other) => other.name === one.name) !== at);
  if (doubled !== undefined) throw refused(`Duplicate function declaration found: ${doubled.name}`);
  if (declared.some((one) => one.parameters !== undefined && one.parametersJsonSchema !== undefined)) throw refused("parameters and parameters_json_schema are mutually exclusive.");
  const { mode, allowedFunctionNames: allowed = [] } = request.toolConfig?.functionCallingConfig ?? {};
  if (allowed.length > 0 && mode !== "ANY" && mode !== "VALIDATED") throw refused("Allowed function names should only be set when function calling mode is ANY or VALIDATED.");
  const unknown = allowed.find((name) => !declared.some((one) => one.name === name));
  if (unknown !== undefined) throw refused(`Function '${unknown}' in allowed_function_names is not declared.`);
}
