// All pairs of protocols, all cases: what one side says means the same to the other, but for exactly what is told as lost.
// A protocol is here when it has its row in the tables of dataplane/protocols/index.ts.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { ClientCodec, ProviderCodec } from "../../../dataplane/protocols/codec.ts";
import { answers, type AnswerCase } from "./answers.ts";
import { conversations, type ConversationCase } from "./conversations.ts";
import { cycles, sendAround } from "./cycles.ts";
import { clients, MODEL, modelOf, providers } from "./protocols.ts";
import { sendReply, sendStream } from "./replies.ts";
import { sendRequest, type Outcome, type Verdict } from "./requests.ts";
import { unwritten } from "./servers.ts";
import { bringBack, BROUGHT_BACK } from "./thinking.ts";
import { pageOf, type Chapter, type Row } from "./table.ts";

const page = fileURLToPath(new URL("../../../dataplane/protocols/pairs.md", import.meta.url));

const pairs = clients.flatMap((client) => providers.filter(({ name }) => name !== client.name).map((provider) => ({ from: client.name, to: provider.name, client, provider })));
const counts = new Map<string, number>();

const count = (kind: string, { verdict, because }: Outcome): void => {
  const key = because === "" ? `${kind} ${verdict}` : `${kind} skipped: ${because}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

const [plain] = conversations;

/** What comes of a case is worked out once for a pair: the page tells what the tests have seen. */
const seenOnce = <Case extends object, Result>(send: (client: ClientCodec, provider: ProviderCodec, one: Case) => Result): typeof send => {
  const seen = new Map<string, Map<Case, Result>>();
  return (client, provider, one) => {
    const pair = `${client.name} → ${provider.name}`;
    const results = seen.get(pair) ?? new Map<Case, Result>();
    const result = results.get(one) ?? send(client, provider, one);
    seen.set(pair, results.set(one, result));
    return result;
  };
};

const usually = seenOnce((client, provider, one: ConversationCase) => sendRequest(client, provider, one).losses);
const usualLosses = (client: ClientCodec, provider: ProviderCodec): readonly string[] => (plain === undefined ? [] : usually(client, provider, plain));
const requestOf = seenOnce((client, provider, one: ConversationCase) => sendRequest(client, provider, one, usualLosses(client, provider)));
const replyOf = seenOnce<AnswerCase, Outcome>(sendReply);
const streamOf = seenOnce<AnswerCase, Outcome>(sendStream);

const faultsIn = <Case extends { readonly name: string }>(kind: string, cases: readonly Case[], send: (one: Case) => Outcome): string[] =>
  cases.flatMap((one) => {
    const outcome = send(one);
    count(kind, outcome);
    return outcome.faults.map((fault) => `${one.name}: ${fault}`);
  });

afterAll(() => {
  process.stdout.write(`${[...counts].sort().map(([key, number]) => `${String(number).padStart(6)} ${key}`).join("\n")}\n`);
});

describe("all pairs of protocols", () => {
  test("are there to be tried", () => {
    expect(pairs.length).toBeGreaterThan(0);
  });

  test("lose nothing of a plain question", () => {
    const losses = pairs.flatMap(({ from, to, client, provider }) => usualLosses(client, provider).map((loss) => `${from} → ${to}: ${loss}`));
    expect(losses).toEqual([]);
  });
});

describe.each(pairs)("$from → $to", ({ client, provider }) => {
  test("asks what was asked, but for what is told", () => {
    expect(faultsIn("requests", conversations, (one) => requestOf(client, provider, one))).toEqual([]);
  });

  test("answers what was answered, but for what is told", () => {
    expect(faultsIn("replies", answers, (one) => replyOf(client, provider, one))).toEqual([]);
  });

  test("brings thinking back to its maker with the history", () => {
    const outcome = bringBack(client, provider);
    count("thinking", outcome);
    expect(outcome.faults).toEqual([]);
  });

  test("undoes on the way back what was done on the way there", () => {
    expect(faultsIn("there and back", cycles, (one) => sendAround(client, provider, one, false))).toEqual([]);
    expect(faultsIn("there and back in streams", cycles, (one) => sendAround(client, provider, one, true))).toEqual([]);
  });

  test("answers the same in streams", () => {
    expect(faultsIn("streams", answers, (one) => streamOf(client, provider, one))).toEqual([]);
  });
});

describe.each(pairs.filter(({ provider }) => modelOf(provider) !== MODEL))("$from → $to, with a model of which nothing is known", ({ client, provider }) => {
  test("asks what was asked, but for what is told", () => {
    expect(faultsIn("requests to unknown models", conversations, (one) => sendRequest(client, provider, one, usualLosses(client, provider), MODEL))).toEqual([]);
  });
});

test("what is said not to be tried here is not", () => {
  const tried = Object.entries(unwritten).flatMap(([name, cases]) =>
    Object.keys(cases).filter((one) => !pairs.some(({ to, client, provider }) => to === name && answers.some((answer) => answer.name === one && replyOf(client, provider, answer).verdict === "untried"))).map((one) => `${name}: ${one}`),
  );
  expect(tried).toEqual([]);
});

const titleOf = ({ name, models = {} }: { readonly name: string; readonly models?: ConversationCase["models"] }): string => {
  const asked = Object.entries(models).map(([protocol, model]) => `${protocol}: ${model}`);
  return asked.length === 0 ? name : `${name} (${asked.join(", ")})`;
};

const rowsOf = <Case extends { readonly name: string }>(client: ClientCodec, cases: readonly Case[], send: (provider: ProviderCodec, one: Case) => Outcome): Row[] =>
  cases.map((one) => ({ name: titleOf(one), outcomes: new Map(providers.filter(({ name }) => name !== client.name).map((provider) => [provider.name, send(provider, one)])) }));

const byLoss: readonly Verdict[] = ["kept", "mapped", "near", "lost", "refused"];

/** An answer is told whole and as a stream; what only one of the two can say is judged by that. */
const worse = (one: Outcome, other: Outcome): Outcome => (byLoss.indexOf(other.verdict) > byLoss.indexOf(one.verdict) && byLoss.includes(one.verdict) ? other : one);

const chapterOf = (client: ClientCodec): Chapter => ({
  client,
  asked: rowsOf(client, conversations, (provider, one) => requestOf(client, provider, one)),
  answered: [
    ...rowsOf(client, answers, (provider, one) => worse(replyOf(client, provider, one), streamOf(client, provider, one))),
    ...rowsOf(client, [{ name: BROUGHT_BACK }], (provider) => bringBack(client, provider)),
  ],
});

test("the page about the pairs says what happens", () => {
  const written = pageOf(clients.map(chapterOf).filter(({ asked }) => asked.some(({ outcomes }) => [...outcomes.values()].some(({ verdict }) => verdict !== "unsaid"))), providers);
  if (process.env["UPDATE_PAIRS"] !== undefined) writeFileSync(page, written);
  expect(existsSync(page) ? readFileSync(page, "utf8") : "").toBe(written);
});
