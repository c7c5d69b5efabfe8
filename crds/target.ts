// Targets and how one is chosen: the part that a route has once in its short form and once per rule in its long form.
// It says what may be written; choosing happens in the data plane.
import { z } from "zod";
import { inOrder, rules } from "./rules.ts";
import { count, entryName, modelName, providerRef } from "./shared.ts";

export const target = z.object({
  name: entryName().optional().describe("Name of the target in logs, metrics and headers; omitted means one made from provider and model."),
  providerRef: providerRef().describe("Who serves it."),
  model: modelName().optional().describe("Name of the model at that provider; omitted means the name that the caller asked for."),
  weight: count(0, 1000).default(1).describe("Share among the targets of one priority."),
  priority: count(0, 15).default(0).describe("Lower is tried first; a higher number is the next tier."),
});

export const targets = () =>
  rules(inOrder(z.array(target).min(1).max(16)), [
    {
      rule: "self.all(t, self.exists(o, o.priority == t.priority && o.weight > 0))",
      message: "each priority needs a target with a weight above 0",
    },
    {
      rule: "self.all(t, !has(t.name) || self.exists_one(o, has(o.name) && o.name == t.name))",
      message: "names of targets must differ",
    },
  ]);

export const select = () =>
  z.object({
    by: z
      .enum(["Weight", "Cost", "Latency", "LeastBusy", "Score"])
      .default("Weight")
      .describe("What decides among targets of one priority."),
  });

export type RouteTarget = z.output<typeof target>;
