// llmgw demo: the demo provider alone, in this process.
// For runs that need it, and for whoever wants something that speaks a vendor's protocol without a key.
import { systemClock } from "../clock.ts";
import { startDemo } from "../demo/server.ts";
import { Refusal } from "../terminal.ts";
import type { Command } from "./command.ts";

export const demo: Command = {
  name: "demo",
  says: "Runs the demo provider alone: it speaks every protocol of the gateway, needs no key, and its answers are made up.",
  operands: "",
  flags: {
    port: { value: "N", says: "Port to listen on; 0 is any free one.", otherwise: "8089" },
    host: { value: "ADDRESS", says: "Address to listen on.", otherwise: "127.0.0.1" },
  },
  run: async (given, terminal) => {
    const [host, port] = [given.text("host") ?? "", given.count("port", 0, 65_535)];
    const running = await startDemo({ host, port, clock: systemClock }).catch((error: Error) => {
      throw new Refusal(`the demo provider cannot listen: ${error.message}; choose another port with --port N`);
    });
    terminal.print(`the demo provider listens on ${running.url}`);
    await new Promise<void>((resolve) => {
      if (terminal.stop.aborted) resolve();
      terminal.stop.addEventListener("abort", () => resolve(), { once: true });
    });
    await running.close();
    return 0;
  },
};
