// LLMBudget: how much may be spent, by whom, in which time, and what happens near the end of it.
// The shape and its rules only.
import { z } from "zod";
import { asSet, keyedBy, rules } from "./rules.ts";
import { count, currency, decimal, entryName, headerName, modelName, objectName, providerRef, word } from "./shared.ts";
import type { KindObject } from "./shared.ts";
import type { BudgetStatus } from "./status.ts";

const appliesTo = rules(
  z.object({
    routes: asSet(z.array(objectName()).min(1).max(64)).optional().describe("LLMRoutes of this namespace; omitted means all of them."),
    namespaces: z
      .enum(["Own", "All"])
      .default("Own")
      .describe("Own counts callers of this namespace. All counts every caller of the named routes."),
    teams: asSet(z.array(word()).min(1).max(64)).optional().describe("Only callers of these teams; omitted means all."),
  }),
  [{ rule: "self.namespaces == 'Own' || has(self.routes)", message: "namespaces All needs routes", fieldPath: ".routes" }],
);

export const calendarPeriods = ["Hour", "Day", "Week", "Month", "Quarter", "Year"] as const;

const window = rules(
  z.object({
    type: z.enum(["Calendar", "Rolling"]).describe("Calendar starts anew at a date; Rolling looks back."),
    period: z
      .string()
      .min(2)
      .max(24)
      .regex(/^(Hour|Day|Week|Month|Quarter|Year|([0-9]{1,5}(h|m|s|ms)){1,4})$/)
      .describe(`Calendar: ${calendarPeriods.join(', ')}. Rolling: a duration of at least 1s, such as 1h.`),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/)
      .optional()
      .describe("IANA name of the time zone of a Calendar window; omitted means UTC."),
  }),
  [
    {
      rule: `self.type != 'Calendar' || self.period in [${calendarPeriods.map((one) => `'${one}'`).join(', ')}]`,
      message: `a Calendar window needs a period of ${calendarPeriods.join(', ')}`,
      fieldPath: ".period",
    },
    {
      rule: "self.type != 'Rolling' || (self.period.matches('^[0-9]') && duration(self.period) >= duration('1s'))",
      message: "a Rolling window needs a duration of at least 1s as its period",
      fieldPath: ".period",
    },
    { rule: "self.type == 'Calendar' || !has(self.timeZone)", message: "timeZone belongs to a Calendar window", fieldPath: ".timeZone" },
  ],
);

const limit = rules(
  z.object({
    name: entryName().describe("Name of the limit in errors, metrics and status."),
    unit: z.enum(["Cost", "Tokens", "Requests"]).describe("What is counted."),
    amount: decimal().describe("How much: a decimal string; whole for Tokens and Requests."),
    currency: currency().optional().describe("ISO 4217 code; only with `unit: Cost`, and then needed."),
    window: window.describe("The time that the amount is for."),
  }),
  [
    { rule: "self.amount.matches('[1-9]')", message: "amount must be more than 0", fieldPath: ".amount" },
    { rule: "self.unit == 'Cost' || self.amount.matches('^[0-9]+$')", message: "Tokens and Requests are whole numbers", fieldPath: ".amount" },
    { rule: "(self.unit == 'Cost') == has(self.currency)", message: "currency belongs to unit Cost, and only to it", fieldPath: ".currency" },
  ],
);

const threshold = rules(
  z.object({
    percent: count(1, 1000).describe("Share of the amount at which it acts."),
    action: z.enum(["Warn", "Throttle", "Downgrade", "Reject"]).describe("What happens from there on."),
    target: z
      .object({
        providerRef: providerRef().describe("Who serves it instead."),
        model: modelName().describe("Name of the model at that provider."),
      })
      .optional()
      .describe("Where requests go instead; only with `action: Downgrade`."),
  }),
  [{ rule: "(self.action == 'Downgrade') == has(self.target)", message: "target belongs to action Downgrade, and only to it", fieldPath: ".target" }],
);

const fields = z.object({
  appliesTo: appliesTo.prefault({}).describe("Whose requests count."),
  per: z
    .enum(["Budget", "Team", "Namespace", "Caller", "Header"])
    .default("Budget")
    .describe("What each has a counter of its own; Budget means one counter for all."),
  header: headerName().optional().describe("Header whose value is counted, in lower case; only with `per: Header`."),
  limits: keyedBy(z.array(limit).min(1).max(16), "name").describe("All of them hold at once."),
  mode: z.enum(["Enforce", "Shadow"]).default("Enforce").describe("Shadow counts and reports, and refuses nothing."),
  reserve: z
    .enum(["Expected", "Maximum"])
    .default("Expected")
    .describe("What is set aside while a request runs: its likely cost, or the most that it can cost."),
  thresholds: keyedBy(z.array(threshold).min(1).max(16), "percent", "action")
    .default([{ percent: 100, action: "Reject" }])
    .describe("What happens as the amount is used up."),
  onUnreachable: z
    .enum(["LocalLease", "Allow", "Reject"])
    .default("LocalLease")
    .describe("When no authority answers: spend what was lent and then refuse, go on, or refuse at once."),
});

export const budgetSpec = rules(fields, [
  { rule: "(self.per == 'Header') == has(self.header)", message: "header belongs to per Header, and only to it", fieldPath: ".header" },
]);

export type BudgetSpec = z.output<typeof budgetSpec>;
export type LLMBudget = KindObject<"LLMBudget", BudgetSpec, BudgetStatus>;
