// The table of the three kinds: names for people and for the API server, schemas, and the columns that `kubectl get` prints.
// A fourth kind would be a fourth row. It holds no logic.
import type { z } from "zod";
import { budgetSpec } from "./budget.ts";
import type { LLMBudget } from "./budget.ts";
import { providerSpec } from "./provider.ts";
import type { LLMProvider } from "./provider.ts";
import { routeSpec } from "./route.ts";
import type { LLMRoute } from "./route.ts";
import { budgetStatus, providerStatus, routeStatus } from "./status.ts";

export type Column = { name: string; type: "string" | "date" | "integer"; jsonPath: string; description: string; priority?: number };

export type KindRow = {
  kind: string;
  plural: string;
  singular: string;
  shortName: string;
  description: string;
  spec: z.ZodType;
  status: z.ZodType;
  columns: readonly Column[];
};

const condition = (name: string, type: string): Column => ({
  name,
  type: "string",
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description: `Condition ${type}.`,
});

const accepted = condition("Accepted", "Accepted");
const programmed = condition("Programmed", "Programmed");
const age: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp", description: "Time since creation." };

export const kinds = {
  LLMProvider: {
    kind: "LLMProvider",
    plural: "llmproviders",
    singular: "llmprovider",
    shortName: "llmp",
    description: "Who sells models: where its servers are, which key opens them, and what may use it.",
    spec: providerSpec,
    status: providerStatus,
    columns: [
      { name: "Type", type: "string", jsonPath: ".spec.type", description: "Row of the provider catalogue." },
      { name: "Health", type: "string", jsonPath: ".status.health.state", description: "The worst of all gateways." },
      accepted,
      programmed,
      age,
    ],
  },
  LLMRoute: {
    kind: "LLMRoute",
    plural: "llmroutes",
    singular: "llmroute",
    shortName: "llmr",
    description: "Which model names callers may use, who may use them, and which targets serve them.",
    spec: routeSpec,
    status: routeStatus,
    columns: [
      { name: "Models", type: "string", jsonPath: ".status.models", description: "Names that callers can use." },
      { name: "Targets", type: "string", jsonPath: ".status.targetsSummary", description: "Targets that are resolved out of all." },
      accepted,
      condition("Resolved", "ResolvedRefs"),
      programmed,
      age,
    ],
  },
  LLMBudget: {
    kind: "LLMBudget",
    plural: "llmbudgets",
    singular: "llmbudget",
    shortName: "llmb",
    description: "How much may be spent, by whom, in which time, and what happens near the end of it.",
    spec: budgetSpec,
    status: budgetStatus,
    columns: [
      { name: "Spent", type: "string", jsonPath: ".status.spent", description: "What is used of the first limit." },
      { name: "Limit", type: "string", jsonPath: ".status.limit", description: "The first limit." },
      { name: "Resets", type: "string", jsonPath: ".status.resetsAt", description: "When the first limit starts anew." },
      { name: "Mode", type: "string", jsonPath: ".spec.mode", description: "Enforce or Shadow." },
      accepted,
      age,
    ],
  },
} as const satisfies Record<string, KindRow>;

export type Kind = keyof typeof kinds;
export type AnyObject = LLMProvider | LLMRoute | LLMBudget;

export const isKind = (name: unknown): name is Kind => typeof name === "string" && Object.hasOwn(kinds, name);
