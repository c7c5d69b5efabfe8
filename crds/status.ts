// What the operator writes back: conditions and counts per gateway for all three kinds, and what each kind adds.
// Nobody else writes it, so it carries no rules; it is bounded like everything else.
import { z } from "zod";
import { asSet, inOrder, keyedBy } from "./rules.ts";
import { count } from "./shared.ts";

const text = (most: number): z.ZodString => z.string().max(most);
const instant = (): z.ZodString => z.string().max(40).meta({ format: "date-time" });

const condition = z.object({
  type: text(316).describe("Accepted, ResolvedRefs, Programmed, or one that is there only while it is true."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: count(0, Number.MAX_SAFE_INTEGER).optional().describe("Generation of the spec that this was found for."),
  lastTransitionTime: instant().describe("When `status` last flipped."),
  reason: text(1024).min(1).describe("One word of the catalogue of reasons."),
  message: text(32_768).describe("A sentence that a person can act on."),
});

const gateway = z.object({
  name: text(63).describe("Name of the gateway."),
  configVersion: text(128).optional().describe("Hash of the configuration that contains this generation."),
  connected: count(0, 1_000_000).default(0).describe("Data planes that are connected."),
  programmed: count(0, 1_000_000).default(0).describe("Data planes that run it."),
  rejected: count(0, 1_000_000).default(0).describe("Data planes that refused it."),
});

export const statusFields = {
  observedGeneration: count(0, Number.MAX_SAFE_INTEGER).optional().describe("Generation of the spec that this status is about."),
  conditions: keyedBy(z.array(condition).max(16), "type").optional().describe("Accepted, ResolvedRefs and Programmed, and others while they are true."),
  gateways: keyedBy(z.array(gateway).max(32), "name").optional().describe("Counts per gateway."),
  programmed: text(32).optional().describe("Data planes that run it out of those connected, such as 5/6."),
};

const gatewayHealth = z.object({
  gateway: text(63).describe("Name of the gateway."),
  state: z.enum(["Healthy", "Degraded", "Down", "Unknown"]).describe("How it looks from there."),
  errorPercent: count(0, 100).optional().describe("Share of failed requests."),
  p95: text(24).optional().describe("Time to first content that 95 of 100 requests stay under."),
});

const benchedKey = z.object({
  name: text(63).describe("Name of the key."),
  reason: text(1024).describe("Why it is benched."),
  until: instant().optional().describe("When it is tried again."),
});

export const providerStatus = z.object({
  ...statusFields,
  health: z
    .object({
      state: z.enum(["Healthy", "Degraded", "Down", "Unknown"]).describe("The worst of all gateways."),
      gateways: keyedBy(z.array(gatewayHealth).max(32), "gateway").optional().describe("State per gateway."),
      benchedKeys: keyedBy(z.array(benchedKey).max(32), "name").optional().describe("Keys that are left alone for now."),
    })
    .optional()
    .describe("How the provider looks from the data planes."),
});

const resolvedTarget = z.object({
  rule: text(63).optional().describe("Name of the rule; omitted for the short form."),
  name: text(63).describe("Name of the target."),
  provider: text(317).describe("namespace/name of the provider."),
  model: text(256).optional().describe("Name of the model at the provider; omitted means the name that the caller asked for."),
  state: z.enum(["Resolved", "Unresolved"]).describe("Whether requests can go there."),
  message: text(1024).optional().describe("Why not."),
});

export const routeStatus = z.object({
  ...statusFields,
  models: asSet(z.array(text(256)).max(256)).optional().describe("Names that callers can use, as far as they fit."),
  targetsSummary: text(32).optional().describe("Targets that are resolved out of all, such as 2/3."),
  targets: inOrder(z.array(resolvedTarget).max(256)).optional().describe("The resolved list of targets."),
});

const usage = z.object({
  limit: text(63).describe("Name of the limit."),
  subject: text(253).default("").describe("Whose counter it is; empty for the one counter of `per: Budget`."),
  spent: text(32).describe("What is used."),
  reserved: text(32).optional().describe("What is set aside for requests that run."),
  remaining: text(32).optional().describe("What is left."),
  overshootMax: text(32).optional().describe("The most by which it can still go beyond the limit."),
  resetsAt: instant().optional().describe("When the window starts anew."),
});

export const budgetStatus = z.object({
  ...statusFields,
  spent: text(64).optional().describe("What is used of the first limit."),
  limit: text(64).optional().describe("The first limit."),
  resetsAt: instant().optional().describe("When the first limit starts anew."),
  usage: keyedBy(z.array(usage).max(200), "limit", "subject").optional().describe("Counters, at most 200."),
});

export type Condition = z.output<typeof condition>;
export type GatewayCounts = z.output<typeof gateway>;
export type ProviderStatus = z.output<typeof providerStatus>;
export type RouteStatus = z.output<typeof routeStatus>;
export type BudgetStatus = z.output<typeof budgetStatus>;
