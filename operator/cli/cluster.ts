// How commands reach a cluster: the flags that say which, and one client for the time of a command.
import { systemClock } from "../clock.ts";
import { KubeClient } from "../kube/client.ts";
import { kubeConnection } from "../kube/connection.ts";
import { KubeFailure, wordsOfFailure } from "../kube/failure.ts";
import { Refusal } from "../terminal.ts";
import type { Flag, Given } from "./command.ts";

export const clusterFlags = {
  kubeconfig: { value: "FILE", says: "Which kubeconfig. Default: $KUBECONFIG, ~/.kube/config, or the pod that this runs in." },
  context: { value: "NAME", says: "Which context of it. Default: its current one." },
} as const satisfies Record<string, Flag>;

export interface Cluster {
  readonly client: KubeClient;
  readonly server: string;
  /** Of the context. */
  readonly namespace: string;
}

export const withCluster = async <Result>(given: Given, use: (cluster: Cluster) => Promise<Result>): Promise<Result> => {
  const connection = await connect(given);
  const client = new KubeClient({ connection, clock: systemClock });
  try {
    return await use({ client, server: connection.server, namespace: connection.namespace });
  } catch (error) {
    throw error instanceof KubeFailure ? new Refusal(error.status === 0 ? `${connection.server}: ${error.message}` : wordsOfFailure(error)) : error;
  } finally {
    await client.close();
  }
};

const connect = async (given: Given): ReturnType<typeof kubeConnection> => {
  try {
    return await kubeConnection(() => systemClock.tick(), { file: given.text("kubeconfig"), context: given.text("context") });
  } catch (error) {
    throw new Refusal(`the kubeconfig cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
};
