// A log that grows too large is turned over while somebody writes to it.
import { appendFileSync, copyFileSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { turnOver } from "../../../operator/standalone/log-file.ts";

const logIn = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "dataplane-0.log");
};

test("lines that are written while the log is copied are in the copy", () => {
  const file = logIn();
  appendFileSync(file, "one\n");
  turnOver(file, (from, to) => {
    copyFileSync(from, to);
    appendFileSync(from, `${"two".repeat(1_000_000)}\nthree\n`);
  });
  expect(readFileSync(`${file}.1`, "utf8")).toBe(`one\n${"two".repeat(1_000_000)}\nthree\n`);
  expect(readFileSync(file, "utf8")).toBe("");
});

test("who holds the log open goes on writing at its new beginning, and a former copy is replaced", () => {
  const file = logIn();
  const writer = openSync(file, "a");
  onTestFinished(() => closeSync(writer));
  for (const [line, before] of [["first\n", ""], ["second\n", "first\n"], ["third\n", "second\n"]] as const) {
    writeSync(writer, line);
    if (before !== "") expect(readFileSync(`${file}.1`, "utf8")).toBe(before);
    turnOver(file);
    expect(readFileSync(`${file}.1`, "utf8")).toBe(line);
  }
  writeSync(writer, "last\n");
  expect(readFileSync(file, "utf8")).toBe("last\n");
});
