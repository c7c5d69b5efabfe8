// The settings of the gateways, from the file that a ConfigMap is mounted as: read at the start and again whenever it changes.
// What is broken keeps its last good state. It looks instead of being told: a mount is replaced under links, once a minute at most.
import { readFile } from "node:fs/promises";
import { validateGatewaySettings } from "../../crds/validate.ts";
import type { GatewaySettings } from "../../crds/gateway-settings.ts";
import { parseManifest } from "./manifest.ts";

export type Gateways = Readonly<Record<string, GatewaySettings>>;

export interface GatewaysFileParts {
  readonly file: string;
  readonly onGateways: (gateways: Gateways) => void;
  readonly clock: { after(delayMs: number, run: () => void): () => void };
  readonly say: (message: string) => void;
}

const LOOK_EVERY_MS = 2000;
const BYTES_MAX = 1_048_576;

export class GatewaysFile {
  readonly #parts: GatewaysFileParts;
  #text: string | undefined;
  #told = "";
  #isClosed = false;
  #cancel = (): void => undefined;

  constructor(parts: GatewaysFileParts) {
    this.#parts = parts;
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    await this.look();
    if (!this.#isClosed) this.#cancel = this.#parts.clock.after(LOOK_EVERY_MS, () => void this.start());
  }

  async look(): Promise<void> {
    try {
      const text = await readFile(this.#parts.file, "utf8");
      if (text === this.#text) return;
      const gateways = gatewaysIn(text);
      this.#text = text;
      this.#told = "";
      this.#parts.onGateways(gateways);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (words !== this.#told) this.#parts.say(`the settings of the gateways stay as they were: ${words}`);
      this.#told = words;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }
}

const gatewaysIn = (text: string): Gateways => {
  if (text.length > BYTES_MAX) throw new Error(`the file is longer than ${BYTES_MAX} characters`);
  const { documents, problem } = parseManifest(text);
  if (documents === undefined) throw new Error(`line ${problem.line}: ${problem.message}`);
  const { settings, problems } = validateGatewaySettings(documents[0]?.value);
  if (settings === undefined) throw new Error(problems.map(({ path, message }) => `${path === "" ? "" : `${path}: `}${message}`).join("; "));
  return settings.gateways;
};
