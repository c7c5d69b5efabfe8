// Step 10: one log line, one metric update, one span end. Never throws.
import { NO_TRACE } from "../telemetry/index.ts";
import type { Exchange } from "./exchange.ts";

export const observe = (exchange: Exchange): void => {
  const { gateway } = exchange;
  exchange.endTick = gateway.clock.tick();
  gateway.telemetry.record(exchange, exchange.trace ?? NO_TRACE);
};
