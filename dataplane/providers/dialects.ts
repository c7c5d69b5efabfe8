// How the models of one provider differ from the protocol that they are asked in: what the row says, what it says of models
// with such names, and what the provider's owner says otherwise. It remembers what it has put together, for as many names as
// a provider sells.
import { noDialect, type Dialect } from "../protocols/dialect.ts";
import type { JsonObject } from "../protocols/json-members.ts";
import type { ProtocolName, Provider } from "../snapshot/schema.ts";
import type { MemberEdit } from "../wire/json-edit.ts";
import { perhapsCounted } from "./chat-dialect.ts";
import type { ModelRow, Row } from "./row.ts";

export interface ModelDialect {
  readonly dialect: Dialect;
  /** What is asked for where the protocol demands a limit and the client gave none. */
  readonly outputTokensMax: number;
  /** What a body of the same protocol needs; null where it goes as it is. */
  readonly edit: Edits | null;
}

/** By what is asked: whether the model stands in the path, and whether one whole answer is asked of a model that can only stream. */
export type Edits = (isModelInPath: boolean, mustStream: boolean) => MemberEdit;

/** Of the provider's own name for a model. */
export type Dialects = (model: string) => ModelDialect;

const OUTPUT_TOKENS_MAX = 8192;
const REMEMBERED_MAX = 1000;

/** Of the provider's owner; what is not said is as in the row. */
export type OwnersWord = Pick<Provider, "thinking" | "streamOptions">;

/** The same as far as it concerns one protocol. */
interface Own {
  readonly ofAll: Dialect;
  readonly thinking: NonNullable<OwnersWord["thinking"]>;
}

const nothing: OwnersWord = {};

const isKnown = ({ protocols, bases }: Row, protocol: ProtocolName): boolean => protocols.includes(protocol) || bases?.[protocol] !== undefined;

/** `paths`: those of an address that has its own. */
export const dialectsOf = (row: Row, protocol: ProtocolName, word: OwnersWord = nothing, paths?: Dialect["paths"]): Dialects => {
  // What only the owner says is spoken there may be spoken without its counting of tokens.
  const said = row.dialects?.[protocol] ?? (isKnown(row, protocol) ? noDialect : perhapsCounted);
  const common = paths === undefined ? said : { ...said, paths: { ...said.paths, ...paths } };
  const outputTokensMax = row.outputTokensMax ?? OUTPUT_TOKENS_MAX;
  const special = (row.models ?? []).filter((model) => model.protocol === protocol);
  const own = ownOf(word, protocol);
  const usual = modelDialect(own.ofAll === noDialect ? common : { ...common, ...own.ofAll }, outputTokensMax);
  if (special.length === 0 && Object.keys(own.thinking).length === 0) return () => usual;
  const known = new Map<string, ModelDialect>();
  return (model) => {
    let found = known.get(model);
    if (found === undefined) {
      found = ofModel(model, special, common, usual, own);
      if (known.size < REMEMBERED_MAX) known.set(model, found);
    }
    return found;
  };
};

const ofModel = (model: string, special: readonly ModelRow[], common: Dialect, usual: ModelDialect, { ofAll, thinking }: Own): ModelDialect => {
  const match = special.find(({ names }) => names.test(model));
  const place = Object.hasOwn(thinking, model) ? thinking[model] : undefined;
  if (match === undefined && place === undefined) return usual;
  const said = match === undefined ? common : merge(common, match.dialect);
  const ofThis = place === undefined ? noDialect : { hasThinkTags: place === "in-tags" };
  return modelDialect({ ...said, ...ofAll, ...ofThis }, match?.outputTokensMax ?? usual.outputTokensMax);
};

/** Responses has `stream_options` too, which ask for no usage there. */
const ownOf = ({ thinking = {}, streamOptions }: OwnersWord, protocol: ProtocolName): Own => {
  const isAskedByOptions = protocol === "openai-chat" || protocol === "openai-completions";
  return {
    ofAll: streamOptions === undefined || !isAskedByOptions ? noDialect : { refusesStreamOptions: streamOptions === "refused" },
    thinking: protocol === "openai-chat" ? thinking : {},
  };
};

const merge = (common: Dialect, special: Dialect): Dialect => ({
  ...common,
  ...special,
  ...(common.abilities === undefined && special.abilities === undefined ? {} : { abilities: { ...common.abilities, ...special.abilities } }),
  ...(common.refuses === undefined && special.refuses === undefined ? {} : { refuses: [...(common.refuses ?? []), ...(special.refuses ?? [])] }),
  ...(common.renames === undefined && special.renames === undefined ? {} : { renames: { ...common.renames, ...special.renames } }),
});

const modelDialect = (dialect: Dialect, outputTokensMax: number): ModelDialect => ({ dialect, outputTokensMax, edit: editsOf(dialect) });

const editsOf = (dialect: Dialect): Edits | null => {
  const { refuses, renames, adds, omitsModel, refusesStreamOptions, onlyStreams, betas } = dialect;
  const isPlain = refuses === undefined && renames === undefined && adds === undefined && omitsModel !== true && refusesStreamOptions !== true && onlyStreams !== true && betas === undefined;
  if (isPlain) return null;
  const made = new Map<string, MemberEdit>();
  return (isModelInPath, mustStream) => {
    const key = `${isModelInPath} ${mustStream}`;
    let edit = made.get(key);
    if (edit === undefined) made.set(key, (edit = editOf(dialect, isModelInPath, mustStream)));
    return edit;
  };
};

const editOf = ({ refuses = [], renames = {}, adds = {}, streamMembers = {}, omitsModel, refusesStreamOptions }: Dialect, isModelInPath: boolean, mustStream: boolean): MemberEdit => ({
  drops: new Set([...refuses, ...(omitsModel === true && isModelInPath ? ["model"] : []), ...(refusesStreamOptions === true ? ["stream_options"] : [])]),
  renames: new Map(Object.entries(renames)),
  adds: written(adds),
  sets: written(mustStream ? withoutOptions(streamMembers, refusesStreamOptions) : {}),
});

const withoutOptions = ({ stream_options: options, ...members }: JsonObject, areRefused = false): JsonObject =>
  options === undefined || areRefused ? members : { ...members, stream_options: options };

const written = (members: JsonObject): ReadonlyMap<string, string> => new Map(Object.entries(members).map(([name, value]) => [name, JSON.stringify(value)]));
