// Raw objects → parts of the world.
import { describe, expect, it } from "vitest";
import { readObject, type ReadObject, type Variable } from "../../../operator/watch/kinds.ts";

const variables: Variable = (name) => ({ SET: "value", OTHER: "more", EMPTY: "" })[name];
const read = (raw: unknown): ReadObject => readObject(raw, variables);

const secret = (parts: object, metadata: object = { name: "s" }): ReadObject => read({ apiVersion: "v1", kind: "Secret", metadata, ...parts });

/** What a Secret came to, with its values in the open. */
const opened = (reading: ReadObject) => {
  if (reading.outcome !== "read" || reading.content.section !== "secrets") throw new Error("not a Secret");
  const { data, missing } = reading.content.value;
  return { data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.reveal()])), missing, problems: reading.problems };
};

describe("a Secret", () => {
  it("is read from base64 and from plain text, which wins", () => {
    expect(opened(secret({ data: { a: "c2stMQ==", b: "c2st\nMg==" }, stringData: { b: "plain" } })).data).toEqual({ a: "sk-1", b: "plain" });
  });

  it("takes values of environment variables within its text", () => {
    expect(opened(secret({ stringData: { a: "${SET}", b: "x-${SET}-${OTHER}", c: "$SET ${not valid} $${SET}" } })).data).toEqual({ a: "value", b: "x-value-more", c: "$SET ${not valid} $value" });
  });

  it("takes nothing from the environment into base64 data", () => {
    expect(opened(secret({ data: { a: Buffer.from("${SET}").toString("base64") } })).data).toEqual({ a: "${SET}" });
  });

  it.each([["${UNSET}", "environment variable UNSET is not set"], ["${EMPTY}", "environment variable EMPTY is not set"], ["${UNSET}${GONE}${UNSET}", "environment variables UNSET, GONE are not set"]])(
    "has no key for %s, and says which variable is missing",
    (text, words) => {
      const { data, missing, problems } = opened(secret({ data: { "api-key": "c2stMQ==" }, stringData: { "api-key": text } }));
      expect(data).toEqual({});
      expect(missing).toEqual({ "api-key": words });
      expect(problems).toEqual([{ path: "stringData.api-key", message: words }]);
    },
  );

  it("does not look into what a variable holds", () => {
    const reading = readObject({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "${X}" } }, () => "${SET}$&");
    expect(opened(reading).data).toEqual({ a: "${SET}$&" });
  });

  it.each([
    [{ data: { a: "not base64!" } }, "data.a"], [{ data: { a: 1 } }, "data.a"], [{ stringData: { a: true } }, "stringData.a"], [{ stringData: { "a b": "x" } }, "stringData.a b"], [{ data: [] }, "data"],
  ])("names the field that is wrong in %j", (parts, path) => {
    const { data, problems } = opened(secret(parts));
    expect(data).toEqual({});
    expect(problems.map((problem) => problem.path)).toEqual([path]);
  });

  it("never puts a value into a problem", () => {
    expect(JSON.stringify(opened(secret({ data: { a: "sk-pasted-in-the-wrong-place!" } })).problems)).not.toContain("sk-pasted");
  });
});

describe("an object", () => {
  it("is in the namespace default unless it says otherwise", () => {
    const reading = secret({});
    expect(reading.outcome === "read" && reading.ref).toEqual({ kind: "Secret", namespace: "default", name: "s" });
  });

  it.each([["text"], [null], [[]], [{}], [{ kind: "LLMRoute" }], [{ kind: "LLMRoute", apiVersion: "llmgateway.io/v1alpha1", metadata: {} }], [{ kind: "Secret", apiVersion: "v1", metadata: { name: 3 } }]])(
    "that nobody can identify is a problem: %j",
    (raw) => {
      expect(read(raw).outcome).toBe("unidentified");
    },
  );

  it.each([
    [{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x" } }], [{ apiVersion: "other.example/v1", kind: "Secret", metadata: { name: "x" } }], [{ apiVersion: "v1", kind: "LLMRoute", metadata: { name: "x" } }],
    [{ apiVersion: "v1", kind: "toString", metadata: { name: "x" } }],
  ])("of another kind is passed over: %j", (raw) => {
    expect(read(raw).outcome).toBe("ignored");
  });

  it("of ours in a version that is not known is not passed over", () => {
    const reading = read({ apiVersion: "llmgateway.io/v9", kind: "LLMRoute", metadata: { name: "x" }, spec: {} });
    expect(reading.outcome === "read" && reading.content.section).toBe("invalid");
    expect(reading.outcome === "read" && reading.problems[0]?.path).toBe("apiVersion");
  });

  it.each([["v2", { name: "x" }, "apiVersion"], ["v1", { name: "Not_Valid" }, "metadata.name"], ["v1", { name: "x", labels: { a: 1 } }, "metadata.labels.a"]])(
    "of Kubernetes' own kinds that is wrong is as if it were not there: %s %j",
    (apiVersion, metadata, path) => {
      const reading = read({ apiVersion, kind: "ConfigMap", metadata });
      expect(reading.outcome === "read" && reading.content.section).toBe("nothing");
      expect(reading.outcome === "read" && reading.problems.map((problem) => problem.path)).toEqual([path]);
    },
  );

  it("called Namespace gives its labels", () => {
    const reading = read({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", labels: { tier: "paid" } } });
    expect(reading.outcome === "read" && reading.content).toEqual({ section: "namespaces", value: { labels: { tier: "paid" } } });
  });
});
