// The part of an object that belongs to Kubernetes: name, namespace, labels, annotations, checked as the API server checks them.
// What the gateway never reads is let through unread.
import { z } from "zod";
import { isFields, joinPath, typeWord } from "./path.ts";
import type { Problem } from "./path.ts";
import type { ObjectMeta } from "./shared.ts";

const known = new Set([
  "annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName", "generation", "labels",
  "managedFields", "name", "namespace", "ownerReferences", "resourceVersion", "selfLink", "uid",
]);

const subdomainWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const keyWords =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const valueWords =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedName = /^([a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const annotationBytesMax = 262_144;

const invalid = (path: string, value: unknown, words: string): Problem => ({ path, message: `Invalid value: ${JSON.stringify(value)}: ${words}` });

function nameProblems(value: unknown, path: string, pattern: RegExp, bytesMax: number, words: string): Problem[] {
  if (typeof value !== "string") return [invalid(path, typeWord(value), "must be of type string")];
  if (value.length > bytesMax) return [invalid(path, value, `must be no more than ${bytesMax} bytes`)];
  return pattern.test(value) ? [] : [invalid(path, value, words)];
}

function mapProblems(value: unknown, path: string, ofValue: (text: string) => Problem[]): Problem[] {
  if (value === undefined || value === null) return [];
  if (!isFields(value)) return [invalid(path, typeWord(value), "must be of type object")];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(qualifiedName.test(key) ? [] : [invalid(path, key, keyWords)]),
    ...(typeof inner === "string" ? ofValue(inner) : [invalid(joinPath(path, [key]), typeWord(inner), "must be of type string")]),
  ]);
}

function annotationProblems(value: unknown): Problem[] {
  const found = mapProblems(value, "metadata.annotations", () => []);
  const bytes = isFields(value) ? Object.entries(value).reduce((sum, [key, inner]) => sum + Buffer.byteLength(key + String(inner)), 0) : 0;
  return bytes <= annotationBytesMax ? found : [...found, { path: "metadata.annotations", message: `Too long: may not be more than ${annotationBytesMax} bytes` }];
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

export function metadataProblems(metadata: unknown): Problem[] {
  if (!isFields(metadata)) return [{ path: "metadata", message: "Required value" }];
  const { name, namespace } = metadata;
  return [
    ...Object.keys(metadata).filter((key) => !known.has(key)).map((key) => ({ path: `metadata.${key}`, message: `unknown field "metadata.${key}"` })),
    ...(isSet(name) ? nameProblems(name, "metadata.name", subdomain, 253, subdomainWords) : [{ path: "metadata.name", message: "Required value: name or generateName is required" }]),
    ...(isSet(namespace) ? nameProblems(namespace, "metadata.namespace", label, 63, labelWords) : []),
    ...mapProblems(metadata["labels"], "metadata.labels", (text) => (labelValue.test(text) ? [] : [invalid("metadata.labels", text, valueWords)])),
    ...annotationProblems(metadata["annotations"]),
  ];
}

const text = z.string().nullish();
const words = z.record(z.string(), z.string()).nullish();
const read = z.object({
  name: z.string(), namespace: text, uid: text, resourceVersion: text, creationTimestamp: text,
  generation: z.int().nullish(), labels: words, annotations: words,
});

/** What the gateway reads of metadata that has no problems. */
export function metadataOf(metadata: unknown): ObjectMeta {
  const { name, namespace, uid, resourceVersion, creationTimestamp, generation, labels, annotations } = read.parse(metadata);
  return {
    name,
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(creationTimestamp ? { creationTimestamp } : {}),
    ...(typeof generation === "number" ? { generation } : {}),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
  };
}
