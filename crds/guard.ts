// Guards of a route: what is looked for in prompts and answers, and what happens when it is found.
// The shape and its rules only.
import { z } from "zod";
import { asSet, inOrder, rules } from "./rules.ts";
import { baseUrl, entryName, freeText, modelName, providerRef, waitDuration } from "./shared.ts";

const webhook = z.object({
  url: baseUrl().describe("Address that is asked."),
  timeout: waitDuration().default("2s").describe("How long an answer may take."),
  onFailure: z.enum(["Reject", "Allow"]).default("Reject").describe("What holds when no answer comes."),
});

const moderation = z.object({
  providerRef: providerRef().describe("Provider that speaks Moderations."),
  model: modelName().optional().describe("Its moderation model; omitted means the provider's default."),
});

export const guard = rules(
  z.object({
    name: entryName().describe("Name of the guard in logs, metrics and errors."),
    type: z.enum(["PII", "Injection", "Words", "Webhook", "Moderation"]).describe("What it looks for, or who is asked."),
    appliesTo: asSet(z.array(z.enum(["Input", "Output"])).min(1).max(2)).default(["Input"]).describe("Prompts, answers or both."),
    action: z.enum(["Reject", "Redact", "Log"]).default("Reject").describe("What happens on a finding."),
    words: inOrder(z.array(freeText(256)).min(1).max(256)).optional().describe("Words of `type: Words`; case does not matter."),
    webhook: webhook.optional().describe("Settings of `type: Webhook`."),
    moderation: moderation.optional().describe("Settings of `type: Moderation`."),
  }),
  [
    { rule: "(self.type == 'Words') == has(self.words)", message: "words belongs to type Words, and only to it" },
    { rule: "(self.type == 'Webhook') == has(self.webhook)", message: "webhook belongs to type Webhook, and only to it" },
    { rule: "(self.type == 'Moderation') == has(self.moderation)", message: "moderation belongs to type Moderation, and only to it" },
    {
      rule: "self.action != 'Redact' || !(self.type in ['Injection', 'Moderation'])",
      message: "Injection and Moderation judge a text as a whole and cannot redact it",
      fieldPath: ".action",
    },
  ],
);
