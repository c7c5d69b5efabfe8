// The page about what each pair keeps, maps and loses, written from what was seen to happen.
import type { ClientCodec, ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { representatives } from "./protocols.ts";
import type { Outcome, Verdict } from "./requests.ts";

export interface Row {
  readonly name: string;
  /** By the provider's protocol. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

export interface Chapter {
  readonly client: ClientCodec;
  readonly asked: readonly Row[];
  readonly answered: readonly Row[];
}

const asking = { kept: "=", mapped: "→", near: "≈", lost: "−", refused: "422", unsaid: "", untried: "·" } as const satisfies Record<Verdict, string>;

/** An answer is there: nothing can be refused any more. */
const answering = { ...asking, refused: "×" } as const;

const usual = Object.entries(representatives).map(([protocol, model]) => `of \`${protocol}\` it is \`${model}\``).join(", ");

const head = `# What each pair of protocols keeps, maps and loses

Written by the tests that send each case through each pair; change nothing here by hand (\`UPDATE_PAIRS=1 npx vitest run test/protocols/conformance\`).
Rows are what a client asks or a provider answers, whole or as a stream, whichever loses more; columns are the provider's protocols. The same protocol on both sides: the same bytes, so it has no column.

| sign | meaning |
|---|---|
| = | kept: said as it is |
| → | mapped: said in another way that means the same, and undone on the way back where there is something to undo |
| ≈ | near: something close to it was sent, and told as a minor loss |
| − | lost: left out, and told as a minor loss, or a part of the usage for which there is no place |
| 422 | refused, because the answer would mean something else; sent all the same, and told as a major loss, where the route says \`onLoss: Allow\` |
| × | of an answer: left out, and told as a major loss |
| | one of the two protocols has no words for it |
| · | it may be said, but no test says it: why, stands below the table |

The model that is asked is one of which nothing is known; ${usual}. Rows that name models ask those: of what not every model of a protocol takes.
Where a model takes less than its protocol, less is kept. Limits of other models and dialects of vendors are not in these tables.
`;

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const tableOf = (title: string, rows: readonly Row[], providers: readonly ProviderCodec[], signs: Readonly<Record<Verdict, string>>): string => {
  const lines = rows
    .filter(({ outcomes }) => [...outcomes.values()].some(({ verdict }) => verdict !== "unsaid"))
    .map(({ name, outcomes }) => line([name, ...providers.map((provider) => signs[outcomes.get(provider.name)?.verdict ?? "unsaid"])]));
  return [line([title, ...providers.map(({ name }) => name)]), line([title, ...providers].map(() => "---")), ...lines].join("\n");
};

const untriedIn = (rows: readonly Row[]): string => {
  const reasons = rows.flatMap(({ name, outcomes }) => [...outcomes].flatMap(([provider, { verdict, because }]) => (verdict === "untried" ? [`- · ${name}, by ${provider}: ${because}`] : [])));
  return reasons.length === 0 ? "" : `\n${reasons.join("\n")}\n`;
};

export const pageOf = (chapters: readonly Chapter[], providers: readonly ProviderCodec[]): string =>
  [head, ...chapters.map(({ client, asked, answered }) => {
    const others = providers.filter(({ name }) => name !== client.name);
    return `## A client that speaks ${client.name}\n\n${tableOf("asks", asked, others, asking)}\n\n${tableOf("is answered", answered, others, answering)}\n${untriedIn(answered)}`;
  })].join("\n");
