// How much this process holds, once what nobody needs any more is given back. A file that measures must run alone.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const COLLECTIONS = 3;

/** Buffers are given back in a turn of their own: collects again until it is no more than `enough`, and a few times at most. */
export const heldBytes = async (enough = 0): Promise<number> => {
  for (let turn = 1; ; turn++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed, external } = process.memoryUsage();
    if (turn === COLLECTIONS || heapUsed + external < enough) return heapUsed + external;
  }
};
