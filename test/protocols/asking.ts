// Asks a family of questions as the gateway does: the client's body becomes the provider's, its document the client's.
import type { TargetModel } from "../../dataplane/protocols/codec.ts";
import { noDialect } from "../../dataplane/protocols/dialect.ts";
import type { JsonObject } from "../../dataplane/protocols/json-members.ts";
import { isImpossible, type Answer, type Headers, type Question, type Side } from "../../dataplane/protocols/side-codec.ts";
import type { ProtocolName } from "../../dataplane/snapshot/schema.ts";
import { isObject } from "../../dataplane/wire/json.ts";

export const targetOf = (model: string, differences: Partial<TargetModel> = {}): TargetModel =>
  ({ model, isStreaming: false, dialect: noDialect, origin: "somebody", outputTokensMax: 1, ...differences });

export const openSide = <Asking extends Question, Answering extends Answer>(side: Side<Asking, Answering>) => {
  const clientOf = (name: ProtocolName) => {
    const client = side.clients[name];
    if (client === undefined) throw new Error(`${name} is no client's`);
    return client;
  };
  const providerOf = (name: ProtocolName) => {
    const provider = side.providers[name];
    if (provider === undefined) throw new Error(`${name} is no provider's`);
    return provider;
  };
  const read = (client: ProtocolName, body: JsonObject) => clientOf(client).decodeRequest(body, { model: "alias", isStreaming: false, query: "", headers: {} });
  const question = (client: ProtocolName, body: JsonObject): Asking => {
    const asked = read(client, body);
    if (isImpossible(asked)) throw new Error(`${asked.parameter}: ${asked.problem}`);
    return asked;
  };
  return {
    read,
    question,
    /** What the provider is sent, or why it cannot be. */
    ask: (client: ProtocolName, provider: ProtocolName, body: JsonObject, target: TargetModel = targetOf("theirs")) => {
      const sent = providerOf(provider).encodeRequest(question(client, body), target);
      if (isImpossible(sent)) return { problem: sent.problem, parameter: sent.parameter, path: "", body: {}, losses: [] };
      return { problem: "", parameter: "", path: sent.path, body: sent.body, losses: sent.losses.map(({ path, reason, severity }) => `${path} ${reason} ${severity}`) };
    },
    /** What the client gets for a document of the provider's, or what is wrong with that. */
    answer: (client: ProtocolName, provider: ProtocolName, body: JsonObject, document: JsonObject, headers: Headers = {}): JsonObject | string => {
      const asked = question(client, body);
      const answer = providerOf(provider).decodeReply(document, asked, headers);
      if (typeof answer === "string") return answer;
      const written: unknown = JSON.parse(JSON.stringify(clientOf(client).encodeReply(answer, asked)));
      if (!isObject(written)) throw new Error("no object was written");
      return written;
    },
  };
};
