// The scene of a story: a gateway between bare clients and fault providers, all on real sockets in this process.
// A test says how many requests it made; that each was settled exactly once and that no socket is left is proved here.
import { expect, onTestFinished } from "vitest";
import { systemClock, type Clock } from "../../dataplane/clock.ts";
import { fakeClock, type FakeClock } from "../doubles/clock.ts";
import { startGateway, type GatewayDouble, type Parts } from "../doubles/gateway.ts";
import { startProvider, type Provider, type Script } from "../doubles/provider.ts";
import { BareClient, post, type Post, type Reply } from "./clients-bare.ts";

/** One line of the log; see dataplane/telemetry/request-line.ts. */
export type Line = Record<string, unknown>;

export interface SceneParts extends Omit<Partial<Parts>, "providers"> {
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** One script for one provider, or several by name in order of preference; a string is an address where no double is. */
export type Cast = Script | undefined | Readonly<Record<string, Script | string | undefined>>;

export interface Scene {
  /** The first one. */
  readonly provider: Provider;
  /** Those that are doubles, in order. */
  readonly providers: readonly Provider[];
  readonly gateway: GatewayDouble;
  /** A connection to the gateway; closed at the end. */
  client(isReading?: boolean): BareClient;
  /** One request on a connection of its own, and its reply as far as it came. */
  ask(body: string, how?: Post): Promise<Reply>;
  /** The lines of the log when so many requests are over, each exactly once and with nothing left behind. */
  over(count: number): Promise<Line[]>;
}

const isCast = (cast: Cast): cast is Readonly<Record<string, Script | string | undefined>> => typeof cast === "object" && !Array.isArray(cast);

export const openScene = async (cast: Cast, { clock = systemClock, random, ...parts }: SceneParts = {}): Promise<Scene> => {
  const roles = isCast(cast) ? Object.entries(cast) : [["one", cast] as const];
  const doubles = new Map<string, Provider>();
  const addresses: Record<string, string> = {};
  for (const [name, script] of roles) {
    if (typeof script === "string") addresses[name] = script;
    else {
      const provider = await startProvider(script as Script | undefined);
      doubles.set(name, provider);
      addresses[name] = `${provider.url}/v1`;
    }
  }
  const gateway = await startGateway({ ...parts, providers: addresses }, clock, random);
  return new Running([...doubles.values()], gateway);
};

/** A scene whose time stands still until it is advanced. */
export const openTimedScene = async (cast: Cast, parts: SceneParts = {}): Promise<Scene & { readonly clock: FakeClock }> => {
  const clock = fakeClock();
  // Tick 0 means "never" to the gateway, whose process is never so young.
  clock.advance(60_000);
  return Object.assign(await openScene(cast, { ...parts, clock }), { clock });
};

/** Looks once in each turn of the event loop. */
export const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await turn();
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** With both ends in this process, what has not moved for so many turns waits for somebody to read. */
const TURNS_WITHOUT_PROGRESS = 60;

export const stalled = async (progress: () => number): Promise<void> => {
  let before = -1;
  for (let turns = 0; turns < TURNS_WITHOUT_PROGRESS; turns++) {
    const now = progress();
    if (now !== before) turns = 0;
    before = now;
    await turn();
  }
};

class Running implements Scene {
  readonly providers: readonly Provider[];
  readonly gateway: GatewayDouble;
  readonly #clients: BareClient[] = [];
  #count: number | null = null;

  constructor(providers: readonly Provider[], gateway: GatewayDouble) {
    this.providers = providers;
    this.gateway = gateway;
    onTestFinished(async ({ task }) => this.#close(task.result?.state !== "fail"));
  }

  get provider(): Provider {
    return this.providers[0] as Provider;
  }

  client(isReading = true): BareClient {
    const client = new BareClient(this.gateway.port, isReading);
    this.#clients.push(client);
    return client;
  }

  async ask(body: string, how?: Post): Promise<Reply> {
    const client = this.client().send(post(body, how));
    const reply = await client.reply();
    client.leave();
    return reply;
  }

  async over(count: number): Promise<Line[]> {
    this.#count = count;
    const lines = await this.gateway.settled(count);
    expect(lines, "settled").toHaveLength(count);
    expect(this.gateway.server.openRequests(), "requests still open").toBe(0);
    expect(this.gateway.deadlines.slotsInUse, "deadlines left armed").toBe(0);
    return lines;
  }

  async #close(hasPassed: boolean): Promise<void> {
    for (const client of this.#clients) client.leave();
    await this.gateway.close();
    if (hasPassed) {
      for (const provider of this.providers) await provider.idle();
      if (this.#count === null) throw new Error("the test never asked whether its requests are over");
      expect(await this.gateway.lines(), "settled in the end").toHaveLength(this.#count);
    }
    for (const provider of this.providers) await provider.close();
  }
}
