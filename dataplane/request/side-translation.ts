// What is asked beside conversations, between two protocols: the question is read, made the provider's, and its answer the
// client's. It drives two codecs and decides nothing about either.
import { failure, type Failure } from "../errors.ts";
import type { Asked, Invalid, TargetModel } from "../protocols/codec.ts";
import { embeddingSide } from "../protocols/embedding/index.ts";
import { providerCodecs } from "../protocols/index.ts";
import type { Loss } from "../protocols/ir.ts";
import type { JsonObject } from "../protocols/json-members.ts";
import { openaiChatCodec } from "../protocols/openai-chat/index.ts";
import { rerankSide } from "../protocols/rerank/index.ts";
import { isImpossible, loss, type Answer, type Headers, type Question, type Side, type SideClient, type SideProvider } from "../protocols/side-codec.ts";
import { isObject, parseJson } from "../wire/json.ts";
import { joined } from "../wire/pieces.ts";
import type { Destination, Key } from "./destination.ts";
import { DocumentPassage, type Read } from "./document-passage.ts";
import type { Exchange } from "./exchange.ts";
import { each, inClientsWords, refusedLosses } from "./losses.ts";
import type { Outgoing } from "./outgoing.ts";
import { documentHeaders } from "./upstream-headers.ts";
import { dialectPath, withFixed, withQuery } from "./upstream-path.ts";

const CHARACTERS_PER_TOKEN = 4;

export const translateSide = (family: "embeddings" | "rerank", exchange: Exchange, destination: Destination, key: Key): Outgoing | Failure =>
  family === "embeddings" ? translated(embeddingSide, exchange, destination, key) : translated(rerankSide, exchange, destination, key);

/** One question for one target. */
interface Work<Asking extends Question, Answering extends Answer> {
  readonly side: Side<Asking, Answering>;
  readonly client: SideClient<Asking, Answering>;
  readonly provider: SideProvider<Asking, Answering>;
  readonly question: Asking;
  readonly exchange: Exchange;
  readonly destination: Destination;
}

const translated = <Asking extends Question, Answering extends Answer>(side: Side<Asking, Answering>, exchange: Exchange, destination: Destination, key: Key): Outgoing | Failure => {
  const client = side.clients[exchange.endpoint.protocol];
  const provider = side.providers[destination.protocol];
  if (client === undefined || provider === undefined) return failure("ROUTE_NO_TARGET", { route: exchange.routeName, operation: exchange.operation });
  const question = questionIn(exchange, client);
  if (isImpossible(question)) return failure("REQUEST_INVALID", { problem: question.problem }, question.parameter);
  const target = targetOf(exchange, destination);
  const encoded = provider.encodeRequest(question, target);
  if (isImpossible(encoded)) return impossible(encoded, client.fieldNames);
  exchange.losses = each([...question.others.map((path) => loss(path)), ...encoded.losses.map((one) => inClientsWords(one, client.fieldNames))]);
  const refused = refusedLosses(exchange.losses, exchange, destination);
  if (refused !== null) return refused;
  const work = { side, client, provider, question, exchange, destination };
  const { decodeFailure } = providerCodecs[destination.protocol] ?? openaiChatCodec;
  return {
    path: destination.basePath + withFixed(withQuery(dialectPath(encoded.path, target.model, target.dialect), key.query), destination.query),
    headers: documentHeaders(exchange, destination, key, []),
    body: [Buffer.from(JSON.stringify(encoded.body))],
    passage: new DocumentPassage({ read: (document, headers) => read(work, document, headers), decodeFailure }),
  };
};

const questionIn = <Asking extends Question, Answering extends Answer>({ body, modelAsked, query, request }: Exchange, client: SideClient<Asking, Answering>): Asking | Invalid => {
  const document = parseJson(joined(body).toString("utf8"));
  if (!isObject(document)) return { problem: "The body is not one JSON object. Send one.", parameter: "" };
  const asked: Asked = { model: modelAsked, isStreaming: false, query, headers: request.headers };
  return client.decodeRequest(document, asked);
};

const targetOf = ({ modelSent }: Exchange, { dialects, protocol, providerLabel }: Destination): TargetModel => {
  const { dialect, outputTokensMax } = dialects(modelSent);
  return { model: modelSent, isStreaming: false, dialect, origin: `${protocol}/${providerLabel}`, outputTokensMax };
};

/** Another target may take what this one does not. */
const impossible = ({ problem, parameter }: Invalid, words: Readonly<Record<string, string>>): Failure =>
  ({ ...failure("REQUEST_NOT_ANSWERABLE", { problem }, Object.hasOwn(words, parameter) ? (words[parameter] ?? parameter) : parameter), kind: "invalid" });

const read = <Asking extends Question, Answering extends Answer>(work: Work<Asking, Answering>, document: JsonObject, headers: Headers): Read | string => {
  const { side, client, provider, question, exchange, destination } = work;
  const answer = provider.decodeReply(document, question, headers);
  if (typeof answer === "string") return answer;
  const losses = side.lossesIn(answer, question).map((one) => inClientsWords(one, client.fieldNames));
  const major = losses.find(({ severity }) => severity === "major");
  if (major !== undefined && !destination.mayLose) return `the provider passed over "${major.path}"`;
  addLosses(exchange, losses);
  const told = counted(work, answer);
  return { body: client.encodeReply(told, question), inputTokens: told.inputTokens, model: answer.model };
};

const addLosses = (exchange: Exchange, losses: readonly Loss[]): void => {
  if (losses.length > 0) exchange.losses = each([...exchange.losses, ...losses]);
};

/** Clients that read a number get one, and are told that nobody counted. */
const counted = <Asking extends Question, Answering extends Answer>({ side, client, question, exchange }: Work<Asking, Answering>, answer: Answering): Answering => {
  if (answer.inputTokens >= 0 || !client.demandsUsage) return answer;
  exchange.isAnswerEstimated = true;
  exchange.isUsageEstimated = true;
  return { ...answer, inputTokens: Math.ceil(side.lengthOf(question) / CHARACTERS_PER_TOKEN) };
};
