// The bytes of a watch may be cut anywhere; its lines may not.
import { describe, expect, it } from "vitest";
import { LineSplitter } from "../../../operator/kube/lines.ts";

const TEXT = '{"a":"ü"}\n\n{"b":"漢字"}\r\n{"c":1}\n';

describe("the lines of a watch", () => {
  it("are the same at every cut point, inside of characters too", () => {
    const bytes = Buffer.from(TEXT);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const splitter = new LineSplitter(64);
      expect([...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))]).toEqual(['{"a":"ü"}', '{"b":"漢字"}', '{"c":1}']);
      expect(splitter.isTorn).toBe(false);
    }
  });

  it("are the same one byte at a time", () => {
    const splitter = new LineSplitter(64);
    expect([...Buffer.from(TEXT)].flatMap((byte) => splitter.push(Buffer.from([byte])))).toHaveLength(3);
  });

  it("are bounded, also while the end is still to come", () => {
    const splitter = new LineSplitter(8);
    splitter.push(Buffer.from("12345678"));
    expect(splitter.isTorn).toBe(true);
    expect(() => splitter.push(Buffer.from("9"))).toThrow("longer than 8 bytes");
  });
});
