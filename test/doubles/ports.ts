// Ports for processes that must be told theirs. They lie below those that the system hands out by itself, so that no connection
// and no server on port 0 takes one between the look and the use: only who asks for that very number could.
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const FIRST = 10_000;
const CHOICE_MIN = 1000;
/** Who has several processes counts up from the port. */
const STEP = 4;
/** Where the systems begin that tell nobody. */
const USUAL = 32_768;

const handedOutFrom = (): number => {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").trim().split(/\s+/)[0]);
  } catch {
    return USUAL;
  }
};

const end = STEP * Math.floor(Math.max(handedOutFrom(), FIRST + CHOICE_MIN) / STEP);
const given = new Set<number>();

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

/** Each time another one; the three above it are nobody else's either. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(FIRST / STEP, end / STEP) * STEP;
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
};
