// How long an edit takes until its object says that it is in force: from our own write to the status that a watch shows.
// The clock is this process's; the API server's own time is within the measure.
import { kubeConnection } from "../../operator/kube/connection.ts";
import { KubeClient } from "../../operator/kube/client.ts";
import { fieldsOf, listOf, resources, textOf, type Fields, type KubeObject } from "../../operator/kube/types.ts";

const clock = {
  tick: () => performance.now(),
  after: (delayMs: number, run: () => void) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

const WATCH_SECONDS = 600;

/** The message of the condition, once it is true of this generation. */
const programmedAt = (route: KubeObject, generation: number): string | undefined => {
  const condition = listOf(fieldsOf(route["status"])["conditions"]).map(fieldsOf).find(({ type }) => type === "Programmed");
  return condition?.["status"] === "True" && Number(condition["observedGeneration"]) >= generation ? textOf(condition["message"]) : undefined;
};

export interface Edited {
  readonly tookMs: number;
  readonly message: string;
}

/** Merges each patch into the route's spec, one after the other; `after` runs when it is in force. */
export const editRoute = async (namespace: string, name: string, patches: readonly Fields[], after: (index: number) => Promise<void>): Promise<Edited[]> => {
  const connection = await kubeConnection(() => performance.now());
  const client = new KubeClient({ connection, clock });
  const ending = new AbortController();
  const seen: { route: KubeObject; tick: number }[] = [];
  let wake = (): void => undefined;
  const watching = (async () => {
    const selection = { namespace, fieldSelector: `metadata.name=${name}` };
    for await (const { object } of client.watch(resources.LLMRoute, selection, { resourceVersion: "", isInitialWanted: false, timeoutSeconds: WATCH_SECONDS }, ending.signal)) {
      seen.push({ route: object as KubeObject, tick: performance.now() });
      wake();
    }
  })().catch(() => undefined);
  const edits: Edited[] = [];
  try {
    for (const [index, spec] of patches.entries()) {
      const startTick = performance.now();
      const written = await client.patch(resources.LLMRoute, { namespace, name }, { spec });
      const generation = Number(written.metadata["generation"]);
      const found = await new Promise<Edited>((resolve, reject) => {
        const cancel = clock.after(60_000, () => reject(new Error(`generation ${generation} of ${namespace}/${name} did not come into force`)));
        wake = () => {
          for (const { route, tick } of seen) {
            const message = programmedAt(route, generation);
            if (message === undefined) continue;
            cancel();
            return resolve({ tookMs: tick - startTick, message });
          }
        };
        wake();
      });
      edits.push(found);
      seen.length = 0;
      await after(index);
    }
  } finally {
    ending.abort();
    await watching;
    await client.close();
  }
  return edits;
};
