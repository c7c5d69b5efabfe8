// The parts of the demo provider that can be tried without a socket.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instanceOf } from "../../../operator/demo/instance.ts";
import { splitParts } from "../../../operator/demo/multipart.ts";
import { Shelf } from "../../../operator/demo/state.ts";
import { runs } from "../../../operator/demo/tokens.ts";
import { jsonPieces, pieces } from "../../../operator/demo/words.ts";

describe("instances of a schema", () => {
  it.each([
    ["enum and const", { type: "object", properties: { a: { enum: ["x", "y"] }, b: { const: 7 } } }, { a: "x", b: 7 }],
    [
      "numbers within bounds",
      {
        type: "object",
        properties: {
          a: { type: "integer", minimum: 3 },
          b: { type: "number", maximum: 0.5 },
          c: { type: "integer", multipleOf: 5, minimum: 6 },
        },
      },
      { a: 3, b: 0.5, c: 10 },
    ],
    [
      "exclusive bounds",
      { type: "object", properties: { a: { type: "integer", exclusiveMinimum: 3 }, b: { type: "integer", exclusiveMaximum: 0 } } },
      { a: 4, b: -1 },
    ],
    [
      "lengths",
      { type: "object", properties: { a: { type: "string", minLength: 8 }, b: { type: "string", maxLength: 2 } } },
      { a: "seaxxxxx", b: "th" },
    ],
    ["formats", { type: "string", format: "date" }, "2026-01-01"],
    ["nullable types", { type: ["null", "boolean"] }, true],
    ["anyOf past null", { anyOf: [{ type: "null" }, { type: "integer" }] }, 1],
    [
      "allOf together",
      { allOf: [{ properties: { a: { type: "boolean" } } }, { properties: { b: { type: "null" } } }] },
      { a: true, b: null },
    ],
    ["arrays of a least length", { type: "array", items: { type: "boolean" }, minItems: 3 }, [true, true, true]],
    ["tuples", { type: "array", prefixItems: [{ type: "boolean" }, { type: "integer" }] }, [true, 1]],
    ["references", { $ref: "#/$defs/a", $defs: { a: { type: "array", items: { $ref: "#/$defs/b" } }, b: { const: "end" } } }, ["end"]],
    ["a reference to itself", { $ref: "#" }, "sea"],
  ])("honour %s", (_what, schema, expected) => {
    expect(instanceOf(schema, ["sea", "the"])).toEqual(expected);
  });

  it("end for schemas that contain themselves", () => {
    const node = {
      type: "object",
      properties: { name: { type: "string" }, next: { $ref: "#" }, all: { type: "array", items: { $ref: "#" } } },
      required: ["name"],
    };
    expect(JSON.stringify(instanceOf(node, [])).length).toBeLessThan(2000);
    const forced = { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] };
    expect(JSON.stringify(instanceOf(forced, [])).length).toBeLessThan(2000);
  });

  it("take a number that was said", () => {
    expect(instanceOf({ type: "integer" }, ["days", "12", "in"])).toBe(12);
  });
});

describe("pieces", () => {
  it("are the text again when joined, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(pieces(text).join("")).toBe(text);
        expect(jsonPieces(text).join("")).toBe(text);
        expect(runs(text).join("")).toBe(text);
      }),
    );
  });

  it("never hand on a run longer than the tokenizer bears, nor half a character", () => {
    for (const text of ["x".repeat(5000), " ".repeat(5000), "🌊".repeat(3000), `a ${"b".repeat(2000)} c`]) {
      expect(runs(text).join("")).toBe(text);
      expect(
        runs(text)
          .flatMap((run) => run.match(/\S+|\s+/g) ?? [])
          .every((run) => run.length <= 130 && run.isWellFormed()),
      ).toBe(true);
    }
    expect(runs("an ordinary text of any length ".repeat(1000))).toHaveLength(1);
  });
});

describe("multipart", () => {
  const split = (text: string) => splitParts(Buffer.from(text, "latin1"), Buffer.from("--b"));

  it("reads fields, files, empty parts and bodies that look like boundaries", () => {
    const head = (name: string, more = "") => `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
    const parts = split(
      `preamble\r\n${head("a")}one\r\n${head("f", '; filename="x \\"y\\".bin"')}\x00--b\n\r\n--c\r\n${head("e")}\r\n--b--\r\nepilogue`,
    );
    expect(parts.map((part) => [part.name, part.filename, part.body.toString("latin1")])).toEqual([
      ["a", undefined, "one"],
      ["f", 'x "y".bin', "\x00--b\n\r\n--c"],
      ["e", undefined, ""],
    ]);
  });

  it.each([
    ["nothing", ""],
    ["no closing line", '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--b'],
    ["a cut part", '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\non'],
    ["a part without a name", "--b\r\nContent-Disposition: form-data\r\n\r\none\r\n--b--"],
    ["no head", "--b\r\n\r\none\r\n--b--"],
    ["another boundary", "--c\r\n\r\n--c--"],
    ["a boundary in mid-line", 'x--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--b--'],
  ])("refuses %s", (_what, text) => {
    expect(() => split(text)).toThrow(/multipart body cannot be read/);
  });
});

describe("shelves", () => {
  it("forget the oldest beyond their count or their bytes, never the newest", () => {
    const shelf = new Shelf<{ id: string; size: number }>(3, (item) => item.size, 100);
    const ids = () =>
      shelf
        .all()
        .map((item) => item.id)
        .join("");
    for (const id of "abcd") shelf.put({ id, size: 10 });
    expect(ids()).toBe("bcd");
    shelf.put({ id: "e", size: 85 });
    expect(ids()).toBe("de");
    shelf.put({ id: "f", size: 500 });
    expect(ids()).toBe("f");
    expect(shelf.remove("f")).toBe(true);
    expect(shelf.remove("f")).toBe(false);
    shelf.put({ id: "g", size: 100 });
    expect(ids()).toBe("g");
  });
});
