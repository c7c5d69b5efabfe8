// A gateway's own settings in the words of the snapshot.
// Bounds were checked when they were read; a value that this build's data planes cannot hold is brought to the nearest that they can.
import type { GatewaySettings } from "../../crds/gateway-settings.ts";
import type { Settings } from "../../dataplane/snapshot/schema.ts";
import { durationMs } from "./spans.ts";

export const compileSettings = (settings: GatewaySettings): Settings => ({
  anonymous: settings.anonymous,
  privateRanges: [...settings.privateRanges],
  drainMs: durationMs(settings.drainTime),
  limits: {
    headerBytesMax: settings.limits.headerBytes,
    headerCountMax: settings.limits.headerCount,
    bodyBytesMax: settings.limits.bodyBytes,
    uploadBytesMax: settings.limits.uploadBytes,
    sseEventBytesMax: Math.max(settings.limits.sseEventBytes, SSE_EVENT_BYTES_LEAST),
    concurrentRequestsMax: settings.limits.concurrentRequests,
    eventLoopLagMsMax: durationMs(settings.limits.eventLoopLag),
  },
  stream: { headHoldMs: durationMs(settings.stream.headHold) },
});

const SSE_EVENT_BYTES_LEAST = 4096;

/** What was set although nothing acts on it yet. */
export const settingsNotInForce = (settings: GatewaySettings): string[] => (settings.audience === undefined ? [] : ["audience"]);
