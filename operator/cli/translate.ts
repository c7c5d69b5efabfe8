// llmgw translate: what a request in one protocol becomes at a provider, and what of it is lost. Nothing is sent.
// The data plane's own program does it, so that what is shown is what would be sent.
import { spawn } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Refusal } from "../terminal.ts";
import { UsageError, type Command } from "./command.ts";

const ENTRY = fileURLToPath(new URL("../../dataplane/translate.ts", import.meta.url));

export const translate: Command = {
  name: "translate",
  says: "Shows what a request becomes for a provider that speaks another protocol, and what it loses. Nothing is sent.",
  operands: "FILE",
  flags: {
    from: { value: "PROTOCOL", says: "What the file speaks: openai-chat, openai-completions, openai-responses, anthropic-messages, gemini, bedrock-converse.", otherwise: "openai-chat" },
    to: { value: "PROVIDER", says: "A provider's type, such as Anthropic, with \"/\" and a protocol where not its first is meant; or a protocol alone." },
    model: { value: "NAME", says: "The provider's name of the model; omitted means the one that is asked for." },
    stream: { says: "Where the path and not the body says it: a stream is asked for." },
    output: { value: "FORMAT", says: "text or json.", otherwise: "text", short: "o" },
  },
  run: async (given, terminal) => {
    const [file, more] = given.operands;
    if (file === undefined || more !== undefined) throw new UsageError("llmgw translate needs one file; - is standard input");
    if (file !== "-" && !existsSync(file)) throw new Refusal(`${file} is not there`);
    if (given.text("to") === undefined) throw new UsageError("--to is missing: the provider, such as --to Anthropic");
    const output = given.text("output");
    if (output !== "text" && output !== "json") throw new UsageError(`--output is "${output}"; it must be text or json`);
    const words = ["from", "to", "model"].flatMap((flag) => (given.text(flag) === undefined ? [] : [`--${flag}`, given.text(flag) ?? ""]));
    const switches = [...(given.isSet("stream") ? ["--stream"] : []), ...(output === "json" ? ["--json"] : [])];
    const child = spawn(process.execPath, [ENTRY, ...words, ...switches], { stdio: ["pipe", "pipe", "pipe"] });
    const [out, complaints] = [lines(child.stdout), lines(child.stderr)];
    (file === "-" ? process.stdin : createReadStream(file)).pipe(child.stdin);
    const code = await new Promise<number>((resolve) => child.on("close", (ended) => resolve(ended ?? 1)));
    for (const line of await out) terminal.print(line);
    for (const line of await complaints) terminal.complain(line);
    return code;
  },
};

const lines = async (stream: NodeJS.ReadableStream): Promise<string[]> => {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
};
