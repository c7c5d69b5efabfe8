// Step 10: one log line, one metric update, one span end. Never throws.
import { lossHeader } from "../protocols/loss-header.ts";
import { NO_TRACE } from "../telemetry/index.ts";
import type { Exchange } from "./exchange.ts";

export const observe = (exchange: Exchange): void => {
  const { gateway } = exchange;
  exchange.endTick = gateway.clock.tick();
  gateway.telemetry.record(exchange, exchange.trace ?? NO_TRACE);
  if (exchange.losses.length > 0) tellLosses(exchange);
};

const tellLosses = ({ gateway: { telemetry }, id, routeName, targetName, losses }: Exchange): void => {
  for (const { reason, severity } of losses) telemetry.metrics.count("llmgw_losses_total", 1, routeName, reason, severity);
  telemetry.log.info("the target cannot carry all of the request", { id, route: routeName, target: targetName, losses: lossHeader(losses) });
};
