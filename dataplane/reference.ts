// `npm run generate`: writes reference.md beside it, the tables of the data plane, from the tables that the program runs on.
// It decides nothing; `referenceText()` is what the tests compare with the file.
import { writeFile } from "node:fs/promises";
import { catalogue as errors } from "./errors.ts";
import { endpoints, modelList } from "./protocols/endpoints.ts";
import { catalogue as providers } from "./providers/catalogue.ts";
import type { Row as ProviderRow } from "./providers/row.ts";
import { declared, type Declaration } from "./telemetry/declared.ts";

/** The fields of a request's log line, in its order. A test compares the names with a line that was written. */
export const logFields: Readonly<Record<string, string>> = {
  time: "When the request was over, ISO 8601, UTC.",
  id: "The request's id, the same as in the header `x-request-id`.",
  trace_id: "W3C trace id; empty when the request is not traced.",
  level: "`info` below status 400, `warn` below 500, `error` from there on.",
  event: "`request`. Lines about the process itself have other words here.",
  method: "HTTP method.",
  path: "Path without query.",
  operation: "What was asked for, in the words of OpenTelemetry's gen_ai conventions where there is one.",
  caller: "`namespace/name` of the caller; `anonymous` for nobody, empty when it did not come to that.",
  team: "The caller's team.",
  route: "`namespace/name` of the route.",
  target: "Name of the target of the last attempt.",
  provider: "`namespace/name` of the provider of the last attempt.",
  model: "The model's name as the client wrote it.",
  model_sent: "The name that the provider was asked for.",
  status: "HTTP status that the client got; 0 when it left before.",
  upstream_status: "HTTP status of the last attempt; 0 when there was none.",
  error: "The gateway's error code, see above; empty for none.",
  finish_reason: "Why the model stopped, in the provider's word.",
  streaming: "Whether a stream was asked for.",
  aborted: "Whether the client left before the end.",
  usage_estimated: "Whether tokens were estimated because the provider did not count them.",
  attempts: "Attempts at targets.",
  before_upstream_ms: "From arrival to the start of the last attempt.",
  first_byte_ms: "From arrival to the first byte of the answer.",
  duration_ms: "From arrival to the end.",
  bytes_in: "Size of the request body.",
  bytes_out: "Size of the response body.",
  input_tokens: "null when not known, as for the three that follow.",
  output_tokens: "Includes reasoning.",
  cached_input_tokens: "Part of the input.",
  reasoning_tokens: "Part of the output.",
};

const cell = (text: string): string => text.replaceAll("|", "\\|");
const inCode = (text: string): string => (text === "" ? "" : `\`${cell(text)}\``);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);

const endpointTable = (): string[] =>
  table(
    ["method", "path", "protocol", "body", "model", "operation"],
    [...endpoints, modelList, { ...modelList, path: "/v1/models/:id" }].map(({ method, path, protocol, body, model, operation }) =>
      [method, inCode(path), path.startsWith(modelList.path) ? "the gateway's own" : protocol, body, model, operation]),
  );

const errorTable = (): string[] =>
  table(
    ["code", "status", "worth sending again", "message"],
    Object.entries(errors).map(([code, { status, isRetryable, message }]) => [inCode(code), String(status), isRetryable ? "yes" : "no", cell(message)]),
  );

const providerTable = (): string[] =>
  table(
    ["type", "protocols", "address", "header of the key", "limits told as", "bills what was given up", "lists its models at", "seen"],
    Object.entries(providers).map(([type, row]) => [
      inCode(type), row.protocols.join(", "), inCode(row.url ?? "") || "of each installation", inCode(row.keyHeader), row.rateLimits, row.billsAborted ? "yes" : "no", inCode(row.modelList), row.seen,
    ]),
  );

/** Patterns as they stand in the row, and sets as lists. */
const plainly = (_: string, value: unknown): unknown => (value instanceof RegExp ? String(value) : value instanceof Set ? [...value] : value === Infinity ? "any" : value);
const saidBy = (differences: object): string => Object.entries(differences).map(([name, value]) => inCode(`${name}: ${JSON.stringify(value, plainly)}`)).join("<br>");

const basesOf = ({ bases = {} }: ProviderRow): [protocols: string, path: string][] =>
  [...Map.groupBy(Object.entries(bases), ([, path]) => path)].map(([path, own]) => [own.map(([protocol]) => protocol).join(", "), path]);

const differencesOf = ([type, row]: [string, ProviderRow]): string[][] =>
  [
    ...basesOf(row).map(([protocols, path]) => [protocols, "", `under ${path === "" ? "the root" : inCode(path)}`]),
    ...(row.speaks ?? []).map(({ names, protocols }) => [protocols.join(", "), inCode(String(names)), "speak these only"]),
    ...(row.dated === undefined ? [] : [["with `?api-version=`", "", saidBy(row.dated.paths)]]),
    ...Object.entries(row.dialects ?? {}).map(([protocol, dialect]) => [protocol, "", saidBy(dialect)]),
    ...(row.models ?? []).map(({ names, protocol, dialect, outputTokensMax: limit }) => [protocol, inCode(String(names)), saidBy({ ...dialect, ...(limit === undefined ? {} : { outputTokensMax: limit }) })]),
    ...Object.entries(row.errors ?? {}).map(([status, kind]) => ["all", "", `status ${status} means \`${kind}\``]),
  ].map((cells) => [inCode(type), ...cells]);

const differenceTable = (): string[] => table(["type", "protocol", "models", "otherwise than the protocol"], Object.entries(providers).flatMap(differencesOf));

const boundsOf = ({ bounds }: Declaration): string => (bounds === undefined ? "" : ` Bounds: ${bounds.join(", ")}.`);

const metricTable = (): string[] => {
  const metrics: Readonly<Record<string, Declaration>> = declared;
  return table(
    ["metric", "kind", "labels", "meaning"],
    Object.entries(metrics).map(([name, metric]) => [inCode(name), metric.kind, metric.labels.map(inCode).join(", "), cell(metric.help) + boundsOf(metric)]),
  );
};

const logTable = (): string[] => table(["field", "meaning"], Object.entries(logFields).map(([name, meaning]) => [inCode(name), meaning]));

const section = (title: string, words: string, lines: readonly string[]): string[] => ["", `## ${title}`, "", words, "", ...lines];

export const referenceText = (): string =>
  [
    "<!-- Generated from dataplane/ by `npm run generate`; edit that. -->",
    "# Reference of the data plane",
    ...section("Endpoints", "Model: whether the request must name one. Without it the route is the one in the header `x-llmgw-route`, or the first that leads to such a provider.", endpointTable()),
    ...section("Errors", "Every way in which the gateway itself says no. The code is in the header `x-llmgw-error`, in the body's `code`, in the log and in the metrics; words in braces are filled in.", errorTable()),
    ...section("Providers", "The rows that a provider's type can name, as the snapshot spells them.", providerTable()),
    ...section("What providers want otherwise", "What their rows say of the protocols they speak. A pattern in the third column limits it to models whose names have it.", differenceTable()),
    ...section("Metrics", "On the admin port at `/metrics`. Label values are bounded: what is too many is counted as `other`.", metricTable()),
    ...section("Log line of a request", "One JSON object per line on standard output, when the request is over.", logTable()),
    "",
  ].join("\n");

if (import.meta.main) {
  await writeFile(new URL("reference.md", import.meta.url), referenceText());
  console.log("dataplane/reference.md");
}
