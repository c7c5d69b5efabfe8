// The generated files are those that the schemas make, and they are definitions that a cluster can take.
import { readFile } from "node:fs/promises";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { definitionText } from "../../crds/definition.ts";
import { generated } from "../../crds/generate.ts";
import { kinds } from "../../crds/kinds.ts";
import { structuralOf, withDefaults } from "../../crds/structural.ts";
import type { Structural } from "../../crds/structural.ts";

const everySchema = (schema: Structural): Structural[] => [
  schema,
  ...(schema.items === undefined ? [] : everySchema(schema.items)),
  ...(schema.additionalProperties === undefined ? [] : everySchema(schema.additionalProperties)),
  ...Object.values(schema.properties ?? {}).flatMap(everySchema),
];

const rows = Object.values(kinds);

describe("the generated files", () => {
  it.each(Object.entries(generated()))("%s is what `npm run generate` writes", async (name, text) => {
    expect(await readFile(new URL(`../../crds/${name}`, import.meta.url), "utf8")).toBe(text);
  });

  it("are the same each time", () => {
    expect(generated()).toEqual(generated());
  });

  it.each(rows)("say of $kind how it is called and what `kubectl get` prints", (row) => {
    expect(load(definitionText(row))).toMatchObject({
      metadata: { name: `${row.plural}.llmgateway.io` },
      spec: {
        scope: "Namespaced",
        names: { kind: row.kind, categories: ["llm"], shortNames: [row.shortName] },
        versions: [{ name: "v1alpha1", served: true, storage: true, subresources: { status: {} }, additionalPrinterColumns: row.columns }],
      },
    });
  });

  it.each(rows)("print for $kind only what its schema has", (row) => {
    const top: Structural = { type: "object", properties: { spec: structuralOf(row.spec, "spec"), status: structuralOf(row.status, "status") } };
    const paths = row.columns.map(({ jsonPath }) => jsonPath).filter((path) => !path.startsWith(".metadata."));
    const found = (path: string): Structural | undefined =>
      path.slice(1).replace(/\[.*?\]/g, ".[]").split(".").reduce<Structural | undefined>((at, step) => (step === "[]" ? at?.items : at?.properties?.[step]), top);
    expect(paths.filter((path) => found(path) === undefined)).toEqual([]);
  });
});

describe("the schemas", () => {
  it.each(rows)("describe every field of $kind", (row) => {
    const fields = [structuralOf(row.spec, "spec"), structuralOf(row.status, "status")].flatMap(everySchema).flatMap((schema) => Object.entries(schema.properties ?? {}));
    expect(fields.filter(([, field]) => (field.description ?? "").length < 5).map(([name]) => name)).toEqual([]);
  });

  it.each(rows)("have no word of $kind that kubectl reads as a boolean when it is not quoted", (row) => {
    const words = everySchema(structuralOf(row.spec, "spec")).flatMap((schema) => [...Object.keys(schema.properties ?? {}), ...(schema.enum ?? [])]);
    expect(words.length).toBeGreaterThan(30);
    expect(words.filter((word) => /^(y|n|yes|no|on|off|true|false|null)$/i.test(word))).toEqual([]);
  });

  it("refuse a string, list, map or integer without a bound, and what a structural schema cannot say", () => {
    const shape = (field: z.ZodType) => () => structuralOf(z.object({ field }), "spec");
    expect(shape(z.string())).toThrow("spec.field: a string needs maxLength");
    expect(shape(z.array(z.boolean()))).toThrow("spec.field: a list needs maxItems");
    expect(shape(z.record(z.string(), z.string().max(3)))).toThrow("spec.field: a map needs maxProperties");
    expect(shape(z.number().meta({ type: "integer" }))).toThrow("spec.field");
    expect(shape(z.union([z.string().max(1), z.boolean()]))).toThrow("spec.field: a structural schema cannot say anyOf");
  });

  it("write a default whole, because the API server judges it as it is written", () => {
    const schema = structuralOf(z.object({ wait: z.object({ base: z.string().max(3).default("1s") }).prefault({}) }), "spec");
    expect(schema.properties?.["wait"]?.default).toEqual({ base: "1s" });
    expect(withDefaults(schema, { wait: { base: "2s" } })).toEqual({ wait: { base: "2s" } });
  });
});
