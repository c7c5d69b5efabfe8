// One translation on the command line: what a request in one protocol becomes at a provider, and what of it is lost.
// It reads standard input, writes standard output, and sends nothing. llmgw translate runs it.
import { parseArgs } from "node:util";
import { isInvalid, type ClientCodec, type ProviderCodec } from "./protocols/codec.ts";
import { fit } from "./protocols/fit/index.ts";
import { clientCodecs, providerCodecs } from "./protocols/index.ts";
import type { Loss } from "./protocols/ir.ts";
import { catalogue } from "./providers/catalogue.ts";
import { dialectsOf, type Dialects } from "./providers/dialects.ts";
import type { ProtocolName, ProviderType } from "./snapshot/schema.ts";
import { dialectPath } from "./request/upstream-path.ts";
import { findTopLevel, readString } from "./wire/json-top-level.ts";

/** What cannot be done, in words for the person who asked. */
class Impossible extends Error {}

/** In the place of bytes that would be fetched. */
const STAND_IN = Buffer.from("the bytes behind the URL").toString("base64");

interface Wanted {
  readonly protocol: ProtocolName;
  readonly codec: ProviderCodec;
  readonly dialects: Dialects;
  readonly type: string;
}

interface Sheet {
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly losses: readonly Loss[];
  readonly fetches: readonly string[];
}

/** "AnthropicMessages", "anthropic-messages" and "anthropic messages" are one name. */
const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

const named = <Value>(table: Readonly<Record<string, Value>>, name: string): [string, Value] | undefined => Object.entries(table).find(([key]) => plain(key) === plain(name));

const clientOf = (name: string): ClientCodec => {
  const found = named(clientCodecs, name);
  if (found?.[1] === undefined) throw new Impossible(`--from is "${name}"; clients speak ${Object.keys(clientCodecs).join(", ")}`);
  return found[1];
};

/** A provider's type, with "/" and a protocol where not its first is meant; or a protocol alone. */
const wantedOf = (name: string): Wanted => {
  const [typeName = "", protocolName] = name.split("/");
  const alone = named(providerCodecs, name);
  if (alone?.[1] !== undefined) return { protocol: alone[0] as ProtocolName, codec: alone[1], dialects: dialectsOf(catalogue["openai-compatible"], alone[0] as ProtocolName), type: "any" };
  const row = named(catalogue, typeName);
  if (row === undefined) throw new Impossible(`--to is "${name}"; providers are ${Object.keys(catalogue).join(", ")}, protocols ${Object.keys(providerCodecs).join(", ")}`);
  const protocol = row[1].protocols.find((one) => (protocolName === undefined ? providerCodecs[one] !== undefined : plain(one) === plain(protocolName)));
  const codec = protocol === undefined ? undefined : providerCodecs[protocol];
  if (protocol === undefined || codec === undefined) throw new Impossible(`${row[0]} does not speak ${protocolName ?? "a protocol for conversations"}; it speaks ${row[1].protocols.join(", ")}`);
  return { protocol, codec, dialects: dialectsOf(row[1], protocol), type: row[0] satisfies string as ProviderType };
};

const translate = (client: ClientCodec, wanted: Wanted, body: Buffer, asked: { readonly model: string | undefined; readonly isStreaming: boolean }): Sheet => {
  const conversation = client.decodeRequest(body, { model: asked.model ?? modelIn(body), isStreaming: asked.isStreaming, query: "", headers: {} });
  if (isInvalid(conversation)) throw new Impossible(`the request is not understood${conversation.parameter === "" ? "" : ` at ${conversation.parameter}`}: ${conversation.problem}`);
  const model = asked.model ?? conversation.model;
  const { dialect, outputTokensMax } = wanted.dialects(model);
  const target = { model, isStreaming: conversation.isStreaming || dialect.onlyStreams === true, dialect, origin: `${wanted.protocol}/${wanted.type}`, outputTokensMax };
  const fitted = fit(conversation, target, wanted.codec.abilities(dialect, model), client);
  const whole = fitted.fetches.length === 0 ? fitted : fitted.withFetched(new Map(fitted.fetches.map(({ url, kind }) => [url, { kind: "bytes", data: STAND_IN, mediaType: kind === "image" ? "image/png" : kind === "audio" ? "audio/wav" : "application/pdf" }])));
  const encoded = wanted.codec.encodeRequest(whole.conversation, target);
  return {
    path: dialectPath(encoded.path, model, dialect),
    headers: encoded.headers,
    body: encoded.body.toString("utf8"),
    losses: [...whole.losses, ...encoded.losses],
    fetches: fitted.fetches.map(({ at }) => at),
  };
};

const modelIn = (body: Buffer): string => {
  const { modelStart, modelEnd } = findTopLevel(body);
  return modelStart === -1 ? "" : (readString(body, modelStart, modelEnd) ?? "");
};

/** Two spaces for each level, every other byte as it is sent: numbers stay as they are written. */
const indented = (json: string): string => {
  let depth = 0;
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (piece, at: number) => {
    const line = (): string => `\n${"  ".repeat(depth)}`;
    if (piece === "{" || piece === "[") {
      depth++;
      return json[at + 1] === "}" || json[at + 1] === "]" ? piece : piece + line();
    }
    if (piece === "}" || piece === "]") {
      depth--;
      return json[at - 1] === "{" || json[at - 1] === "[" ? piece : line() + piece;
    }
    return piece === "," ? piece + line() : piece === ":" ? ": " : piece;
  });
};

const sheetLines = ({ path, headers, body, losses, fetches }: Sheet): string[] => [
  `POST ${path}`,
  ...headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : [])),
  "content-type: application/json",
  "",
  indented(body),
  "",
  ...fetches.map((at) => `fetched first: ${at}`),
  losses.length === 0 ? "nothing is lost" : `lost, ${losses.length} in all:`,
  ...losses.map(({ path: lost, reason, severity }) => `  ${lost}  ${reason}, ${severity}`),
  ...(losses.some(({ severity }) => severity === "major") ? ["a route refuses this with 422 unless it says onLoss: Allow"] : []),
];

const read = async (): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options: { from: { type: "string" }, to: { type: "string" }, model: { type: "string" }, stream: { type: "boolean", default: false }, json: { type: "boolean", default: false } } });
  try {
    const sheet = translate(clientOf(values.from ?? ""), wantedOf(values.to ?? ""), await read(), { model: values.model, isStreaming: values.stream });
    process.stdout.write(`${values.json ? JSON.stringify(sheet) : sheetLines(sheet).join("\n")}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Impossible)) throw error;
    process.stderr.write(`llmgw: ${error.message}\n`);
    return 1;
  }
};

process.exitCode = await main();
