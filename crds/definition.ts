// From a row of the table of kinds to its CustomResourceDefinition, ready for a cluster, as text.
// Pure: the same row gives the same bytes. Writing files is generate.ts's.
import { dump } from "js-yaml";
import type { KindRow } from "./kinds.ts";
import { group, version } from "./shared.ts";
import { structuralOf } from "./structural.ts";
import type { Structural } from "./structural.ts";

export const definitionFile = (row: KindRow): string => `${group}_${row.plural}.yaml`;

/** The schema of a whole object, as the API server sees it. */
export function objectSchema(row: KindRow): Structural & { properties: Record<"spec" | "status", Structural> } {
  const spec = { ...structuralOf(row.spec, "spec"), description: "What is wanted." };
  const status = { ...structuralOf(row.status, "status"), description: "What is there; written by the operator." };
  return { description: row.description, type: "object", properties: { spec, status }, required: ["spec"] };
}

function versionOf(row: KindRow): object {
  const schema = objectSchema(row);
  const typeMeta = {
    apiVersion: { description: "Version of the schema of this object.", type: "string" },
    kind: { description: "Kind of this object.", type: "string" },
    metadata: { type: "object" },
  };
  return {
    name: version,
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: row.columns,
    schema: { openAPIV3Schema: { ...schema, properties: { ...typeMeta, ...schema.properties } } },
  };
}

export function definition(row: KindRow): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${row.plural}.${group}` },
    spec: {
      group,
      names: {
        categories: ["llm"],
        kind: row.kind,
        listKind: `${row.kind}List`,
        plural: row.plural,
        shortNames: [row.shortName],
        singular: row.singular,
      },
      scope: "Namespaced",
      versions: [versionOf(row)],
    },
  };
}

export function definitionText(row: KindRow): string {
  const notice = "# Generated from crds/*.ts by `npm run generate`; edit those.\n";
  return `${notice}---\n${dump(definition(row), { lineWidth: -1, noRefs: true })}`;
}
