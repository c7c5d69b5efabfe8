// What the servers of these tests share that write a protocol of which the gateway has no client's half: an answer taken
// apart choice by choice, and what such a protocol has no word for. It writes no protocol.
import { Collector } from "../../../dataplane/protocols/collect.ts";
import type { ClientCodec, EncodedReply, StreamEncoder } from "../../../dataplane/protocols/codec.ts";
import type { Block, Choice, Citation, Finish, Logprob, Loss, Reply, Usage } from "../../../dataplane/protocols/ir.ts";

export type Server = Pick<ClientCodec, "encodeReply" | "encodeStream">;
export type Call = Extract<Block, { kind: "tool-call" }>;

export interface SaidChoice {
  readonly index: number;
  readonly blocks: readonly Block[];
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly Call[];
  readonly images: readonly string[];
  readonly citations: readonly Citation[];
  readonly logprobs: readonly Logprob[];
  readonly finish: string;
}

export interface Said {
  readonly id: string;
  readonly model: string;
  readonly choices: readonly SaidChoice[];
  readonly usage: Usage;
}

export interface Writer {
  readonly finishes: Readonly<Partial<Record<Finish["reason"], string>>>;
  readonly choicesMax: number;
  /** Whether the protocol has words for a block, as its vendor documents it. */
  isSayable(block: Block): boolean;
  whole(said: Said): string;
  stream(said: Said): string;
}

export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text === "" ? "{}" : text);
    return true;
  } catch {
    return false;
  }
};

const textOf = (blocks: readonly Block[], kind: "text" | "reasoning"): string => blocks.map((block) => (block.kind === kind ? block.text : "")).join("");

const imageOf = (block: Block): string[] => (block.kind === "image" && block.source.kind === "bytes" ? [block.source.data] : []);

const lossesOf = ({ choices }: Reply, { choicesMax, finishes, isSayable }: Writer): Loss[] => {
  const isSaid = choices.length <= choicesMax && choices.every(({ blocks, finish }) => finishes[finish.reason] !== undefined && blocks.every(isSayable));
  return isSaid ? [] : [{ path: "answer", reason: "unsupported", severity: "major" }];
};

const choiceIn = ({ index, blocks, finish }: Choice, { finishes }: Writer): SaidChoice => ({
  index,
  blocks,
  text: textOf(blocks, "text"),
  thinking: textOf(blocks, "reasoning"),
  calls: blocks.filter((block) => block.kind === "tool-call"),
  images: blocks.flatMap(imageOf),
  citations: blocks.flatMap((block) => (block.kind === "text" ? (block.citations ?? []) : [])),
  logprobs: blocks.flatMap((block) => (block.kind === "text" ? (block.logprobs ?? []) : [])),
  // Where it has no word for the reason that is told as lost, and it ends all the same.
  finish: finishes[finish.reason] ?? finishes.stop ?? "",
});

const saidIn = ({ id, model, choices, usage }: Reply, writer: Writer): Said => ({ id, model, usage, choices: choices.slice(0, writer.choicesMax).map((choice) => choiceIn(choice, writer)) });

export const serverBy = (writer: Writer): Server => ({
  encodeReply: (reply): EncodedReply => ({ body: Buffer.from(writer.whole(saidIn(reply, writer))), losses: lossesOf(reply, writer) }),
  encodeStream(): StreamEncoder {
    const collector = new Collector();
    const losses: Loss[] = [];
    return {
      losses,
      fail: () => "",
      push(event) {
        collector.push(event);
        const reply = collector.reply();
        if (reply === null) return "";
        losses.push(...lossesOf(reply, writer));
        return writer.stream(saidIn(reply, writer));
      },
    };
  },
});

/** In two pieces, so that a stream is one. */
export const halves = (text: string): readonly string[] => {
  const characters = [...text];
  const middle = characters.length >> 1;
  return [characters.slice(0, middle).join(""), characters.slice(middle).join("")].filter((piece) => piece !== "");
};

interface Piece {
  readonly text: string;
  readonly logprobs: readonly Logprob[];
}

/** Pieces of a text: with probabilities a token each, otherwise halves. */
export const piecesOf = (text: string, logprobs: readonly Logprob[]): readonly Piece[] =>
  logprobs.length === 0 ? halves(text).map((piece) => ({ text: piece, logprobs })) : logprobs.map((one) => ({ text: one.token, logprobs: [one] }));

export const told = (count: number): number | undefined => (count === -1 ? undefined : count);

export const functionCall = ({ id, name, arguments: text }: Call): object => ({ id, type: "function", function: { name, arguments: text === "" ? "{}" : text } });

const token = ({ token: word, logprob, bytes }: Omit<Logprob, "top">): object => ({ token: word, logprob, bytes });

/** As OpenAI has them, and others after it. */
export const writtenLogprobs = (logprobs: readonly Logprob[]): object[] => logprobs.map((one) => ({ ...token(one), top_logprobs: one.top.map(token) }));
