// Documents of a manifest and the lines of their fields.
import { describe, expect, it } from "vitest";
import { parseManifest, type ManifestDocument } from "../../../operator/watch/manifest.ts";

const first = (text: string): ManifestDocument => {
  const document = parseManifest(text).documents?.[0];
  if (document === undefined) throw new Error("there is no document");
  return document;
};

const text = `# a comment
apiVersion: v1
metadata: {name: a, labels: {"b": c}}
spec:
  list:
  - {url: "x", p: 1}
  - url: y
    text: |
      hello
      there
  again: &anchor
    k: v
  alias: *anchor
  empty:
`;

describe("a manifest's fields", () => {
  it.each([
    ["", 2], ["apiVersion", 2], ["metadata.labels.b", 3], ["spec", 4], ["spec.list[0]", 6], ["spec.list[0].p", 6], ["spec.list[1]", 7], ["spec.list[1].text", 8],
    ["spec.again.k", 12], ["spec.alias", 13], ["spec.empty", 14],
  ])("has %j in its line", (path, line) => {
    expect(first(text).lineOf(path)).toBe(line);
  });

  it.each([["spec.list[1].nope.deep[3]", 7], ["spec.list[7].url", 5], ["nothing.here", 2]])("has the missing %j where it would belong", (path, line) => {
    expect(first(text).lineOf(path)).toBe(line);
  });

  it("has lines in JSON too", () => {
    expect(first('{\n\t"a": 1,\n\t"b": [\n\t\t1,\n\t\t{"c": 2}\n\t]\n}\n').lineOf("b[1].c")).toBe(5);
  });

  it("counts the lines of a file with carriage returns as an editor does", () => {
    expect(first("a: 1\r\nb:\r\n  c: 2\r\n").lineOf("b.c")).toBe(3);
  });
});

describe("a manifest's documents", () => {
  it("are counted through the file, each with its own lines", () => {
    const documents = parseManifest("a: 1\n---\n---\nb: 2\n...\n---\nc: 3\n").documents ?? [];
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, null, { b: 2 }, { c: 3 }]);
    expect([documents[2]?.lineOf("b"), documents[3]?.lineOf("c")]).toEqual([4, 7]);
  });

  it("are none in a file without any", () => {
    expect(parseManifest("").documents).toEqual([]);
    expect(parseManifest("# only a comment\n").documents).toEqual([]);
  });

  it("keep dates and versions as text", () => {
    expect(first("a: 2027-01-31\nb: yes\nc: 1_000\n").value).toEqual({ a: "2027-01-31", b: "yes", c: "1_000" });
  });
});

describe("a manifest that is broken", () => {
  it.each([
    ["a: 1\nb: [1,\n", 3], ["a: 1\na: 2\n", 2], ["a: 1\n c: d\n", 2], ["a: *nobody\n", 1], ["\u0000", 1], ["a: 1\n---\nb: '\n", 4], ["{\"a\": 1,\n}}", 2],
  ])("says in which line: %j", (broken, line) => {
    const { problem } = parseManifest(broken);
    expect(problem?.message).toMatch(/^not valid YAML: /);
    expect(problem?.line).toBe(line);
  });

  it("cannot make a large object out of a small file", () => {
    const levels = Array.from({ length: 30 }, (_, index) => `l${index + 1}: &l${index + 1} [*l${index}, *l${index}, *l${index}]`).join("\n");
    expect(parseManifest(`l0: &l0 [x]\n${levels}\n`).problem?.message).toMatch(/alias/i);
  });

  it("cannot be nested without end", () => {
    expect(parseManifest("[".repeat(5000)).problem?.message).toMatch(/depth|nest|deep/i);
  });

  it("cannot reach the prototype of anything", () => {
    expect(Object.getPrototypeOf(first("__proto__: {polluted: true}\n").value)).toBe(Object.prototype);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
