// The reference of all fields as Markdown tables: field, type, default, bounds, description, and the rules between fields.
// Pure: made from the same schemas as the definitions, so it cannot say anything else than they do.
import { gatewaySettings } from "./gateway-settings.ts";
import { kinds } from "./kinds.ts";
import { rulesKey } from "./rules.ts";
import { apiVersion } from "./shared.ts";
import { structuralOf } from "./structural.ts";
import type { Structural } from "./structural.ts";

type Field = { path: string; schema: Structural; isRequired: boolean };

/** All fields below a schema, parents before children. */
function fieldsBelow(schema: Structural, path: string): Field[] {
  if (schema.items !== undefined) return fieldsBelow(schema.items, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const field = { path: `${path}.${name}`, schema: child, isRequired: schema.required?.includes(name) ?? false };
    return [field, ...fieldsBelow(child, field.path)];
  });
}

function typeOf(schema: Structural): string {
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeOf(schema.additionalProperties)}`;
  return schema.enum === undefined ? schema.type : schema.enum.join(" \\| ");
}

const inCode = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;

function boundsOf(schema: Structural): string {
  const keys = schema["x-kubernetes-list-map-keys"];
  const parts = [
    schema.minimum === undefined ? "" : `${schema.minimum} to ${schema.maximum}`,
    schema.maxLength === undefined ? "" : `at most ${schema.maxLength} characters`,
    schema.maxItems === undefined ? "" : `${schema.minItems ?? 0} to ${schema.maxItems} items`,
    schema.maxProperties === undefined ? "" : `at most ${schema.maxProperties} entries`,
    keys === undefined ? "" : `one per ${keys.join(' and ')}`,
    schema["x-kubernetes-list-type"] === "set" ? "no duplicates" : "",
    schema.pattern === undefined ? "" : inCode(schema.pattern),
  ];
  const own = parts.filter((part) => part !== "").join("; ");
  const ofItems = schema.items === undefined || schema.items.type === "object" ? "" : boundsOf(schema.items);
  return ofItems === "" ? own : `${own}; each: ${ofItems}`;
}

function defaultOf({ schema, isRequired }: Field): string {
  if (isRequired) return "required";
  // The default of an object is made of those of its fields, which have lines of their own.
  return schema.default === undefined || schema.type === "object" ? "" : inCode(JSON.stringify(schema.default));
}

function rulesBelow(schema: Structural, path: string): string[] {
  const own = (schema[rulesKey] ?? []).map((rule) => `| \`${path}${rule.fieldPath ?? ''}\` | ${rule.message} |`);
  const items = schema.items === undefined ? [] : rulesBelow(schema.items, `${path}[]`);
  return [...own, ...items, ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => rulesBelow(child, `${path}.${name}`))];
}

function fieldTable(schema: Structural, path: string): string[] {
  return [
    "| field | type | default | bounds | description |",
    "|---|---|---|---|---|",
    ...fieldsBelow(schema, path).map((field) =>
      `| \`${field.path}\` | ${typeOf(field.schema)} | ${defaultOf(field)} | ${boundsOf(field.schema)} | ${field.schema.description ?? ''} |`),
  ];
}

function ruleTable(schema: Structural, path: string): string[] {
  const found = rulesBelow(schema, path);
  // Rules of a wait are the same everywhere; one line each would drown the others.
  const shown = found.filter((line) => !line.includes("must be longer than 0s") && !line.includes("must be at most 24h"));
  return ["", "Rules between fields; in addition every wait is longer than `0s` and at most `24h`:", "", "| at | rule |", "|---|---|", ...shown];
}

function kindSection(kind: keyof typeof kinds): string[] {
  const row = kinds[kind];
  const spec = structuralOf(row.spec, "spec");
  return [
    "",
    `## ${kind}`,
    "",
    `${row.description} Short name \`${row.shortName}\`.`,
    "",
    ...fieldTable(spec, "spec"),
    ...ruleTable(spec, "spec"),
    "",
    `### Status of ${kind}`,
    "",
    ...fieldTable(structuralOf(row.status, "status"), "status"),
  ];
}

export function referenceText(): string {
  const lines = [
    "<!-- Generated from crds/*.ts by `npm run generate`; edit those. -->",
    "# Reference of the API",
    "",
    `\`apiVersion: ${apiVersion}\`, all kinds namespaced, category \`llm\`. A field that is not listed is refused.`,
    ...kindSection("LLMProvider"),
    ...kindSection("LLMRoute"),
    ...kindSection("LLMBudget"),
    "",
    "## The gateway's own settings",
    "",
    "Not a kind: `gateways.<name>` in `gateway.yaml`.",
    "",
    ...fieldTable(structuralOf(gatewaySettings, "settings"), "gateways.<name>"),
    "",
  ];
  return lines.join("\n");
}
