// What the gateway itself says into a stream whose provider is silent, so that nobody on the way to the client thinks it dead:
// never inside an event, behind an end, before the head, or to a client that does not read. It is no token, and moves none of
// the clocks by which a provider is judged. When it is due is told by Clocked.
import { isEventStream, type PassThrough } from "../protocols/pass-through.ts";
import { KEEP_ALIVE } from "../wire/sse-events.ts";
import type { ClientReply } from "./client.ts";
import type { StreamPassage } from "./passage.ts";

/** Half of what usual proxies and balancers wait for before they cut a connection on which nothing moves. */
const QUIET_MS_MAX = 15_000;
const COMMENT = Buffer.from(KEEP_ALIVE);

/** How long the client of a stream of this type may get nothing; 0: for ever, since nothing can be said there. */
export const quietMsMax = ({ refusesComments }: Pick<PassThrough, "refusesComments">, type: string): number => (refusesComments === true || !isEventStream(type) ? 0 : QUIET_MS_MAX);

/** Of an exchange. */
interface Listening {
  readonly response: Pick<ClientReply, "destroyed" | "writableLength" | "write">;
  readonly protocol: Pick<PassThrough, "ping">;
  readonly firstByteTick: number;
  bytesOut: number;
}

type Passing = Pick<StreamPassage, "isAtRest" | "hasTerminator" | "hasEvent" | "error">;

/** Says it where it can be said now. A protocol's own event for it belongs into a stream that has begun. */
export const sayAlive = (exchange: Listening, passing: Passing): void => {
  const { response, protocol, firstByteTick } = exchange;
  if (!passing.isAtRest || passing.hasTerminator || passing.error !== null) return;
  if (response.destroyed || response.writableLength > 0) return;
  const hasBegun = passing.hasEvent && firstByteTick !== 0;
  const bytes = hasBegun ? (protocol.ping ?? COMMENT) : COMMENT;
  exchange.bytesOut += bytes.length;
  response.write(bytes);
};
