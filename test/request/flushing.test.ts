// Streams that write in one turn do not depend on each other.
import { expect, it } from "vitest";
import { flushLater } from "../../dataplane/request/flushing.ts";

it("what one stream throws while it is flushed ends that one, and the others are flushed", async () => {
  const seen: string[] = [];
  const stream = (name: string, flush: () => void = () => {}) => ({
    flush: () => {
      flush();
      seen.push(`${name} flushed`);
    },
    onThrown: (error: unknown) => void seen.push(`${name} ended: ${(error as Error).message}`),
  });
  const broken = stream("broken", () => {
    throw new Error("too deep");
  });
  for (const one of [stream("first"), broken, stream("last")]) flushLater(one);
  await Promise.resolve();
  expect(seen).toEqual(["first flushed", "broken ended: too deep", "last flushed"]);
});
