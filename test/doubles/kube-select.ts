// Selectors and forms of an API server double: which objects a request means, and how much of each it wants.
import type { Raw } from "./kube-store.ts";

type Matches = (object: Raw) => boolean;

const labelsOf = (object: Raw): Record<string, string> => (object.metadata["labels"] ?? {}) as Record<string, string>;

/** "a=b", "a!=b", "a", "!a", with commas between. */
const byLabels = (selector: string): Matches => {
  const tests = selector.split(",").filter((term) => term !== "").map((term): Matches => {
    const different = /^([^!=]+)!=(.*)$/.exec(term);
    if (different !== null) return (object) => labelsOf(object)[different[1] ?? ""] !== different[2];
    const same = /^([^=]+)==?(.*)$/.exec(term);
    if (same !== null) return (object) => labelsOf(object)[same[1] ?? ""] === same[2];
    return term.startsWith("!") ? (object) => !(term.slice(1) in labelsOf(object)) : (object) => term in labelsOf(object);
  });
  return (object) => tests.every((test) => test(object));
};

/** metadata.name and metadata.namespace only. */
const byFields = (selector: string): Matches => {
  const wanted = selector.split(",").filter((term) => term !== "").map((term) => term.split(/==?/));
  return ({ metadata }) => wanted.every(([field, value]) => (field === "metadata.name" ? metadata.name === value : field === "metadata.namespace" && metadata.namespace === value));
};

export const matcherOf = (query: URLSearchParams, namespace: string | undefined): Matches => {
  const tests = [byLabels(query.get("labelSelector") ?? ""), byFields(query.get("fieldSelector") ?? "")];
  return (object) => (namespace === undefined || object.metadata.namespace === namespace) && tests.every((test) => test(object));
};

/** The whole object, or its metadata alone where only that is asked for. */
export const formOf = (accept: string): ((object: Raw) => Raw) =>
  accept.includes("as=PartialObjectMetadata") ? ({ metadata }) => ({ apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata }) : (object) => object;
