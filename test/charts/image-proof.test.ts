// The eyes with which `npm run images -- --prove` looks into an image: they see what must not be in one.
import { expect, it } from "vitest";
import { faultsOf, type Entry } from "../cluster/image-proof.ts";

const NODE: Entry = { mode: "-rwxr-xr-x", owner: "0/0", path: "usr/local/bin/node" };
const good: readonly Entry[] = [
  NODE,
  { mode: "drwxrwxrwt", owner: "0/0", path: "tmp" },
  { mode: "-rw-r--r--", owner: "0/0", path: "app/dataplane/main.ts" },
  { mode: "lrwxrwxrwx", owner: "0/0", path: "lib64" },
];

it("the proof of an image has nothing against Node, its sources and a place for temporary files", () => {
  expect(faultsOf(good, "65532")).toEqual([]);
});

it.each([
  ["a shell", { mode: "-rwxr-xr-x", owner: "0/0", path: "usr/bin/dash" }, "usr/bin/dash is a program that nothing needs"],
  ["a link to a shell", { mode: "lrwxrwxrwx", owner: "0/0", path: "bin/sh" }, "bin/sh is a program that nothing needs"],
  ["a shell in another place", { mode: "-rwxr-xr-x", owner: "0/0", path: "app/node_modules/tool/busybox" }, "app/node_modules/tool/busybox is a program that nothing needs"],
  ["a package manager", { mode: "lrwxrwxrwx", owner: "0/0", path: "usr/local/bin/npm" }, "usr/local/bin/npm is a program that nothing needs"],
  ["a program that makes whoever starts it root", { mode: "-rwsr-xr-x", owner: "0/0", path: "app/up" }, "app/up runs as another user than whoever starts it"],
  ["a file of the user's own", { mode: "-rw-r--r--", owner: "65532/65532", path: "app/stripped/a" }, "app/stripped/a can be written by 65532"],
  ["a file of everybody", { mode: "-rw-rw-rw-", owner: "0/0", path: "app/a" }, "app/a can be written by 65532"],
])("the proof of an image finds %s", (_, entry, fault) => {
  expect(faultsOf([...good, entry], "65532")).toEqual([fault]);
});

it("the proof of an image misses Node when it is not there", () => {
  expect(faultsOf(good.filter((entry) => entry !== NODE), "65532")).toEqual(["usr/local/bin/node is not there"]);
});
