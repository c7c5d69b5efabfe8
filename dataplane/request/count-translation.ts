// Counting of tokens between two protocols: a conversation is read as it is for an answer, and only a number comes back; the
// provider's own, or the gateway's estimate, which asks nobody.
import type { Failure } from "../errors.ts";
import type { Invalid, ProviderCodec, TargetModel } from "../protocols/codec.ts";
import type { Conversation } from "../protocols/ir.ts";
import { countClients, counterOf, estimateTokens, type CountClient, type CountProvider } from "../protocols/token-count/index.ts";
import type { ProtocolName } from "../snapshot/schema.ts";
import type { Destination } from "./destination.ts";
import { DocumentPassage } from "./document-passage.ts";
import type { Exchange } from "./exchange.ts";
import type { OwnAnswer } from "./outgoing.ts";
import type { Passage } from "./passage.ts";

/** Endpoints are written by us: one without a form of question and answer is a fault of the code. */
const clientOf = (protocol: ProtocolName): CountClient => {
  const client = countClients[protocol];
  if (client === undefined) throw new Error(`nobody counts tokens in the protocol ${protocol}`);
  return client;
};

/** What would be sent to have the conversation gone on with. */
export const countedBody = (protocol: ProtocolName, body: Buffer): Buffer | Invalid => clientOf(protocol).conversationIn(body);

/** Null: nobody counts there. */
export const counterFor = ({ protocol }: Destination, target: TargetModel): CountProvider | null => counterOf(protocol, target);

const VERSION = /\/v\d+$/;

/** What stands beside a version is asked for there. */
export const countBase = ({ basePath }: Destination, { isAtRoot }: CountProvider): string => (isAtRoot === true ? basePath.replace(VERSION, "") : basePath);

export const countPassage = (protocol: ProtocolName, counter: CountProvider, { decodeFailure }: ProviderCodec): Passage =>
  new DocumentPassage({
    decodeFailure,
    read: (document) => {
      const tokens = counter.decodeReply(document);
      return tokens < 0 ? "it holds no number of tokens" : { body: clientOf(protocol).encodeReply(tokens), inputTokens: tokens, model: "" };
    },
  });

export const estimate = async (exchange: Exchange, conversation: Conversation): Promise<OwnAnswer | Failure> => {
  const tokens = await estimateTokens(conversation, () => exchange.gateway.clock.sleep(0));
  exchange.isAnswerEstimated = true;
  return { answer: clientOf(exchange.endpoint.protocol).encodeReply(tokens) };
};
