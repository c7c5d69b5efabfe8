// What a command of the command line is, and how its flags are read: one table, one help text, one way to be wrong.
// It runs nothing.
import { Refusal, type Terminal } from "../terminal.ts";
import { nearest } from "./nearest.ts";

export interface Flag {
  readonly says: string;
  /** What stands for the value in the help, such as "N"; absent for a flag without one. */
  readonly value?: string;
  readonly otherwise?: string;
  /** One letter that may stand for the name. */
  readonly short?: string;
}

export interface Command {
  readonly name: string;
  readonly says: string;
  /** What may follow the flags, such as "[DIR|FILE...]"; "" for nothing. */
  readonly operands: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** The exit code. */
  run(given: Given, terminal: Terminal): Promise<number>;
}

/** The command line itself is wrong; its help may help. */
export class UsageError extends Refusal {
  override readonly name: string = "UsageError";
}

export class Given {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>, operands: readonly string[]) {
    this.#values = values;
    this.operands = operands;
  }

  isSet(flag: string): boolean {
    return this.#values.has(flag);
  }

  text(flag: string): string | undefined {
    return this.#values.get(flag);
  }

  count(flag: string, least: number, most: number): number {
    const value = this.#values.get(flag) ?? "";
    if (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    throw new UsageError(`--${flag} is "${value}"; it must be a whole number from ${least} to ${most}`);
  }
}

/** `--name VALUE`, `--name=VALUE`, `--name`, `-n VALUE` where there is a letter; everything after a bare `--` is an operand. */
export const readArguments = (command: Command, given: readonly string[]): Given => {
  const values = new Map(Object.entries(command.flags).flatMap(([name, { otherwise }]) => (otherwise === undefined ? [] : [[name, otherwise] as const])));
  const operands: string[] = [];
  const rest = [...given];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") operands.push(...rest.splice(0));
    else if (word.startsWith("-") && word !== "-") readFlag(command, word, rest, values);
    else operands.push(word);
  }
  if (operands.length > 0 && command.operands === "") throw new UsageError(`"${operands[0]}" is too much; llmgw ${command.name} takes only flags`);
  return new Given(values, operands);
};

const readFlag = (command: Command, word: string, rest: string[], values: Map<string, string>): void => {
  const equals = word.indexOf("=");
  const given = (equals < 0 ? word : word.slice(0, equals)).replace(/^--?/, "");
  const isLetter = !word.startsWith("--");
  const name = isLetter ? (Object.keys(command.flags).find((one) => command.flags[one]?.short === given) ?? given) : given;
  const flag = Object.hasOwn(command.flags, name) ? command.flags[name] : undefined;
  if (flag === undefined || (isLetter && flag.short !== given)) throw new UsageError(`unknown flag ${word}.${meant(name, Object.keys(command.flags), "--")}`);
  if (flag.value === undefined) {
    if (equals >= 0) throw new UsageError(`--${name} takes no value`);
    values.set(name, "true");
    return;
  }
  const value = equals < 0 ? rest.shift() : word.slice(equals + 1);
  if (value === undefined || (equals < 0 && value.startsWith("--"))) throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
  values.set(name, value);
};

export const meant = (word: string, known: readonly string[], prefix = ""): string => {
  const near = nearest(word, known);
  return near === undefined ? "" : ` Did you mean ${prefix}${near}?`;
};

export const helpOf = (command: Command): string[] => {
  const rows = Object.entries(command.flags).map(([name, flag]) => [`${flag.short === undefined ? "" : `-${flag.short}, `}--${name}${flag.value === undefined ? "" : ` ${flag.value}`}`, flagWords(flag)] as const);
  const width = Math.max(...rows.map(([left]) => left.length), 6);
  const operands = command.operands === "" ? "" : ` ${command.operands}`;
  return [`llmgw ${command.name} [flags]${operands}`, "", command.says, "", ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`), `  ${"--help".padEnd(width)}  Prints this.`];
};

const flagWords = ({ says, otherwise }: Flag): string => (otherwise === undefined ? says : `${says} Default: ${otherwise}.`);
