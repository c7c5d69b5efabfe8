// What a tool's result may hold beside text: media that may not stand there follow behind the results of the turn, with
// words that say whose they are. An error is told in words where there is no flag for it.
import type { Block, ToolResultBlock, Turn } from "../ir.ts";
import { mapSame, mapTurns, textBlock, withBlocks } from "./blocks.ts";
import type { Concern, Fitting } from "./fitting.ts";

const ERROR = "[The tool reported an error]";

const names = { image: "Image", file: "File", audio: "Audio", video: "Video" } as const;
type Media = Extract<Block, { kind: keyof typeof names }>;

const isMedia = (block: Block): block is Media => Object.hasOwn(names, block.kind);

const mayStay = (block: Media, { abilities }: Fitting): boolean => (block.kind === "image" || block.kind === "file") && abilities.resultMedia.has(block.kind);

const reference = (block: Media, { name, id }: ToolResultBlock, ordinal: number): string => `${names[block.kind]} ${ordinal} of the result of ${name === "" ? "the call" : name}${id === "" ? "" : ` (${id})`}`;

class ResultContent {
  readonly #fitting: Fitting;
  readonly moved: Block[] = [];
  constructor(fitting: Fitting) {
    this.#fitting = fitting;
  }

  fit(result: ToolResultBlock): ToolResultBlock {
    let ordinal = 0;
    const content = mapSame(result.content, (block) => {
      if (!isMedia(block) || mayStay(block, this.#fitting)) return block;
      ordinal += 1;
      this.#fitting.lose(block.at, "approximated", "minor");
      const words = reference(block, result, ordinal);
      this.moved.push(textBlock(`${words}:`), block);
      return textBlock(`[${words} follows below]`);
    });
    return this.#withError(content === result.content ? result : { ...result, content });
  }

  #withError(result: ToolResultBlock): ToolResultBlock {
    if (!result.isError || this.#fitting.abilities.hasResultErrors) return result;
    this.#fitting.lose(result.at, "approximated", "minor");
    return { ...result, isError: false, content: [textBlock(ERROR), ...result.content] };
  }
}

const fitTurn = (turn: Turn, fitting: Fitting): Turn => {
  const last = turn.blocks.findLastIndex(({ kind }) => kind === "tool-result");
  if (last === -1) return turn;
  const contents = new ResultContent(fitting);
  const blocks = mapSame(turn.blocks, (block) => (block.kind === "tool-result" ? contents.fit(block) : block));
  return withBlocks(turn, contents.moved.length === 0 ? blocks : blocks.toSpliced(last + 1, 0, ...contents.moved));
};

export const fitResultContent: Concern = (conversation, fitting) => mapTurns(conversation, (turn) => fitTurn(turn, fitting));
