// The gateway's own settings: what is not a kind. One `gateway.yaml` in standalone, the chart's values on a cluster.
// Strict: a key that is not known is an error that names it. It reads no file.
import { z } from "zod";
import { count, duration, entryName, waitDuration } from "./shared.ts";

const octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const cidrText = new RegExp(`^((${octet}\\.){3}${octet}/(3[0-2]|[12]?[0-9])|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$`);

const mebibyte = 1_048_576;

const limits = z.strictObject({
  headerBytes: count(1024, mebibyte).default(65_536).describe("Most bytes of all request headers together."),
  headerCount: count(8, 2000).default(200).describe("Most request headers."),
  bodyBytes: count(1024, 1024 * mebibyte).default(32 * mebibyte).describe("Most bytes of a JSON request body."),
  uploadBytes: count(1024, 16_384 * mebibyte).default(512 * mebibyte).describe("Most bytes of a multipart or binary request body."),
  sseEventBytes: count(4096, 256 * mebibyte).default(8 * mebibyte).describe("Most bytes of one event of a stream."),
  concurrentRequests: count(1, 1_000_000).default(4096).describe("Most requests that one process serves at a time; beyond it 503 with Retry-After."),
  eventLoopLag: waitDuration().default("1s").describe("Lag of the event loop from which new requests are refused with 503."),
});

const stream = z.strictObject({
  headHold: duration().default("2s").describe("How long a stream's head is held back, so that an error sent as its first event can still fail over."),
});

export const gatewaySettings = z.strictObject({
  anonymous: z.boolean().default(false).describe("Whether requests without a credential are served."),
  audience: z.string().min(1).max(256).optional().describe("Audience that ServiceAccount tokens must have."),
  privateRanges: z
    .array(z.string().max(64).regex(cidrText))
    .max(64)
    .default([])
    .describe("Address ranges, in CIDR form, that providers with `network: Private` may reach."),
  drainTime: waitDuration().default("30s").describe("How long open requests may run on after a stop was asked for."),
  limits: limits.prefault({}).describe("Bounds of every process."),
  stream: stream.prefault({}).describe("How streams are passed on."),
});

export const gatewaySettingsFile = z.strictObject({
  gateways: z.record(entryName(), gatewaySettings).meta({ maxProperties: 64 }).default({}).describe("Settings by name of the gateway; one that is not named has the defaults."),
});

export type GatewaySettings = z.output<typeof gatewaySettings>;
export type GatewaySettingsFile = z.output<typeof gatewaySettingsFile>;
