// LLMRoute: which model names callers may use, who may use them, and which targets serve them.
// The shape and its rules only.
import { z } from "zod";
import { guard } from "./guard.ts";
import { asSet, keyedBy, rules } from "./rules.ts";
import { atLeastOneRate, count, duration, entryName, freeText, headerName, namespaces, rateFields, residencyFields, waitDuration, word } from "./shared.ts";
import type { KindObject } from "./shared.ts";
import type { RouteStatus } from "./status.ts";
import { select, targets } from "./target.ts";

const callers = z.object({
  namespaces: namespaces("callers").prefault({}).describe("Namespaces that a caller may be of."),
  serviceAccounts: asSet(z.array(z.string().min(1).max(317).regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?\/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)).max(64))
    .default([])
    .describe("If any are given, a caller must be one of them: `name` in this namespace, or `namespace/name`."),
  teams: asSet(z.array(word()).max(64)).default([]).describe("If any are given, a caller must belong to one of them."),
});

const rule = z.object({
  name: entryName().describe("Name of the rule in logs and explanations."),
  when: freeText(1024).optional().describe("CEL over `request.*` and `caller.*`; omitted means always."),
  targets: targets().describe("Who serves a request that this rule matches."),
  select: select().optional().describe("How a target is chosen; omitted means the route's own `select`."),
});

const retry = z.object({
  attempts: count(0, 10).default(2).describe("How often a failed request is sent again to the same target."),
  backoff: rules(
    z.object({
      base: waitDuration().default("1s").describe("The first wait; doubled each time, with jitter."),
      max: waitDuration().default("30s").describe("The longest wait."),
    }),
    [{ rule: "duration(self.base) <= duration(self.max)", message: "base must not be longer than max", fieldPath: ".base" }],
  )
    .prefault({})
    .describe("The wait between two tries; a vendor's Retry-After wins."),
  budgetPercent: count(0, 100).default(20).describe("Share of all requests that may be retries."),
});

export const failoverCauses = [
  "ConnectFailure", "ServerError", "RateLimited", "Timeout", "SlowFirstToken", "StreamStall", "ContextLengthExceeded",
] as const;

const failover = z.object({
  causes: asSet(z.array(z.enum(failoverCauses)).max(16)).default([...failoverCauses]).describe("Failures after which the next target is tried."),
  hedgeAfter: duration().default("0s").describe("Asks a second target too after this long without a first byte; 0s means never."),
});

const stream = z.object({
  firstToken: waitDuration().optional().describe("To the first content of a stream; omitted means the provider's `timeouts.firstToken`."),
  idle: waitDuration().optional().describe("Between two pieces of a stream; omitted means the provider's `timeouts.idle`."),
  recovery: z
    .enum(["None", "Continue"])
    .default("None")
    .describe("What happens to a stream that dies after bytes were sent: None ends it with an error, Continue asks the next target to go on."),
});

const limit = rules(
  z.object({
    name: entryName().describe("Name of the limit in errors and metrics."),
    per: z.enum(["Caller", "Team", "Namespace", "Header"]).default("Caller").describe("What each has a count of its own."),
    header: headerName().optional().describe("Header whose value is counted, in lower case; only with `per: Header`."),
    ...rateFields,
  }),
  [atLeastOneRate, { rule: "(self.per == 'Header') == has(self.header)", message: "header belongs to per Header, and only to it" }],
);

const queue = z.object({
  maxWait: waitDuration().default("10s").describe("The longest that a request waits for its turn."),
  maxLength: count(1, 100_000).default(100).describe("Requests that may wait on each data plane."),
  priority: z.enum(["Low", "Normal", "High"]).default("Normal").describe("Who goes first when a target is short."),
});

const cache = z.object({
  mode: z.enum(["None", "Exact"]).default("Exact").describe("Exact answers a request that is the same in every byte that matters."),
  ttl: waitDuration().default("10m").describe("How long an answer is kept."),
});

const prompt = rules(
  z.object({
    prependSystem: freeText(16_384).optional().describe("Text put before the caller's system prompt."),
    appendSystem: freeText(16_384).optional().describe("Text put after the caller's system prompt."),
  }),
  [{ rule: "has(self.prependSystem) || has(self.appendSystem)", message: "prompt needs prependSystem or appendSystem" }],
);

const fields = z.object({
  gateways: asSet(z.array(entryName()).min(1).max(16)).default(["default"]).describe("Named groups of data planes that serve this route."),
  models: asSet(z.array(z.string().min(1).max(256).regex(/^[!-)+-~]*\*?$/)).min(1).max(64))
    .optional()
    .describe("Names that callers use: exact, or a prefix with a trailing `*`; omitted means every model that the targets offer."),
  callers: callers.prefault({}).describe("Who may use it. Each part only narrows."),
  targets: targets().optional().describe("Who serves it; the short form of one rule without `when`."),
  rules: keyedBy(z.array(rule).min(1).max(16), "name").optional().describe("The first rule that matches wins."),
  select: select().prefault({}).describe("How a target is chosen among those of one priority."),
  retry: retry.prefault({}).describe("Trying the same target again."),
  failover: failover.prefault({}).describe("Trying another target."),
  stream: stream.prefault({}).describe("Clocks of a stream, and what happens when it dies."),
  onLoss: z
    .enum(["Refuse", "Allow"])
    .default("Refuse")
    .describe("What happens when a target's protocol cannot carry a part of a request without which it means something else: Refuse answers 422 and names the part, Allow sends the rest."),
  limits: keyedBy(z.array(limit).min(1).max(16), "name").optional().describe("Rates that callers must keep."),
  queue: queue.optional().describe("Waiting instead of refusing when targets are full."),
  cache: cache.optional().describe("Answering again from memory."),
  prompt: prompt.optional().describe("Text added to the caller's prompt."),
  guards: keyedBy(z.array(guard).min(1).max(16), "name").optional().describe("What is looked for in prompts and answers."),
  residency: z.object(residencyFields).optional().describe("Where data may go; binds failover, hedges and cache too."),
  capture: z
    .object({ content: z.enum(["None", "Hashed", "Redacted", "Full"]).default("None").describe("How much of prompts and answers is recorded.") })
    .prefault({})
    .describe("Recording of content; off unless asked for."),
});

export const routeSpec = rules(fields, [
  { rule: "has(self.targets) != has(self.rules)", message: "a route needs either targets or rules" },
  {
    rule: "!has(self.rules) || self.rules.all(r, has(r.when)) || (self.rules.exists_one(r, !has(r.when)) && [self.rules[size(self.rules) - 1]].all(r, !has(r.when)))",
    message: "a rule without when matches everything, so only the last rule may be one",
    fieldPath: ".rules",
  },
]);

export type RouteSpec = z.output<typeof routeSpec>;
export type LLMRoute = KindObject<"LLMRoute", RouteSpec, RouteStatus>;
export type RouteRule = z.output<typeof rule>;
export type { RouteTarget } from "./target.ts";
