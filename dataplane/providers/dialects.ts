// How the models of one provider differ from the protocol that they are asked in: what the row says, and what it says of
// models whose names begin so. It remembers what it has put together, for as many names as a provider sells.
import { noDialect, type Dialect } from "../protocols/dialect.ts";
import type { ProtocolName } from "../snapshot/schema.ts";
import type { Row } from "./catalogue.ts";

export interface ModelDialect {
  readonly dialect: Dialect;
  /** What is asked for where the protocol demands a limit and the client gave none. */
  readonly outputTokensMax: number;
}

/** Of the provider's own name for a model. */
export type Dialects = (model: string) => ModelDialect;

const OUTPUT_TOKENS_MAX = 8192;
const REMEMBERED_MAX = 1000;

export const dialectsOf = (row: Row, protocol: ProtocolName): Dialects => {
  const common = row.dialects?.[protocol] ?? noDialect;
  const outputTokensMax = row.outputTokensMax ?? OUTPUT_TOKENS_MAX;
  const special = (row.models ?? []).filter((model) => model.protocol === protocol).toSorted((left, right) => right.begins.length - left.begins.length);
  const usual: ModelDialect = { dialect: common, outputTokensMax };
  if (special.length === 0) return () => usual;
  const known = new Map<string, ModelDialect>();
  return (model) => {
    let found = known.get(model);
    if (found === undefined) {
      const match = special.find(({ begins }) => model.startsWith(begins));
      found = match === undefined ? usual : { dialect: merge(common, match.dialect), outputTokensMax: match.outputTokensMax ?? outputTokensMax };
      if (known.size < REMEMBERED_MAX) known.set(model, found);
    }
    return found;
  };
};

const merge = (common: Dialect, special: Dialect): Dialect => ({
  ...common,
  ...special,
  ...(common.abilities === undefined && special.abilities === undefined ? {} : { abilities: { ...common.abilities, ...special.abilities } }),
  ...(common.refuses === undefined && special.refuses === undefined ? {} : { refuses: [...(common.refuses ?? []), ...(special.refuses ?? [])] }),
});
