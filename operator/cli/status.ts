// llmgw status: which pods of a cluster run which version, since when, and what they refused, as the leading operator tells it.
// It asks once and changes nothing. The operator is reached through the API server, or at an address that somebody forwarded.
import { systemClock } from "../clock.ts";
import { KubeClient } from "../kube/client.ts";
import { plainConnection } from "../kube/connection.ts";
import { isForbidden, isNotFound, KubeFailure, wordsOfFailure } from "../kube/failure.ts";
import { fieldsOf, listOf, namespaceOf, pathOf, resources, type KubeObject } from "../kube/types.ts";
import { overviewSchema, type Overview } from "../status/overview.ts";
import { Refusal } from "../terminal.ts";
import { clusterFlags, withCluster, type Cluster } from "./cluster.ts";
import { UsageError, type Command, type Given } from "./command.ts";
import { statusLines } from "./status-lines.ts";

const FORMATS = ["table", "json"];
const LEADERS_MAX = 10;
const LEADER = "llmgateway.io/role=leader";
const ADMIN_PORT = 8081;

export const status: Command = {
  name: "status",
  says: "Says which pods of a cluster run which version, since when, how far they are behind, and what they refused. You need the right to get pods/proxy in the operator's namespace, or an address that leads to it.",
  operands: "",
  flags: {
    output: { value: "FORMAT", short: "o", says: "table or json.", otherwise: "table" },
    namespace: { value: "NAME", short: "n", says: "The operator's namespace. Default: it is looked for in all." },
    operator: { value: "URL", says: "Where its admin port is, such as http://127.0.0.1:8081 after kubectl port-forward. Default: through the API server." },
    ...clusterFlags,
    check: { says: "Ends with 1 unless every pod that serves runs the newest version." },
  },
  run: async (given, terminal) => {
    const format = given.text("output") ?? "";
    if (!FORMATS.includes(format)) throw new UsageError(`--output is "${format}"; it must be ${FORMATS.join(" or ")}`);
    const overview = await ask(given);
    if (format === "json") terminal.print(JSON.stringify(overview, null, 2));
    else for (const line of statusLines(overview)) terminal.print(line);
    const isCurrent = overview.dataPlanes.every(({ state, isServing }) => state === "Current" || !isServing);
    return given.isSet("check") && !isCurrent ? 1 : 0;
  },
};

const ask = async (given: Given): Promise<Overview> => {
  const address = given.text("operator");
  const told = address === undefined ? await withCluster(given, (cluster) => askThrough(cluster, given.text("namespace"))) : await askAt(address);
  const overview = overviewSchema.safeParse(told);
  if (!overview.success) throw new Refusal("the operator's answer cannot be read; use an llmgw of the operator's version");
  return overview.data;
};

const askAt = async (address: string): Promise<unknown> => {
  if (!URL.canParse(address) || !/^https?:/.test(address)) throw new UsageError(`--operator is "${address}"; it must be an address such as http://127.0.0.1:8081`);
  const client = new KubeClient({ connection: plainConnection(address.replace(/\/+$/, "")), clock: systemClock });
  try {
    return await client.read("/status");
  } catch (error) {
    const isStandby = error instanceof KubeFailure && error.status === 503;
    throw new Refusal(isStandby ? "the operator at this address does not lead, and only the leader knows; forward to the other one" : `the operator cannot be asked: ${error instanceof KubeFailure ? error.message : String(error)}`);
  } finally {
    await client.close();
  }
};

const askThrough = async ({ client }: Cluster, namespace: string | undefined): Promise<unknown> => {
  const pod = theOne((await leaders(client, namespace)), namespace);
  const [place, port] = [{ namespace: namespaceOf(pod), name: pod.metadata.name }, adminPortOf(pod)];
  try {
    return await client.read(`${pathOf(resources.Pod, place)}:${port}/proxy/status`);
  } catch (error) {
    const forward = `or run \`kubectl -n ${place.namespace} port-forward pod/${place.name} ${port}\` and llmgw status --operator http://127.0.0.1:${port}`;
    if (isForbidden(error)) throw new Refusal(`you may not reach the operator through the API server: ask for the right to get pods/proxy in namespace ${place.namespace}, ${forward}`);
    if (isNotFound(error)) throw new Refusal(`pod ${place.namespace}/${place.name} has no such page: its operator is of an older version`);
    throw new Refusal(`the operator ${place.namespace}/${place.name} cannot be reached through the API server (${wordsOfFailure(error)}); try again, ${forward}`);
  }
};

const leaders = async (client: KubeClient, namespace: string | undefined): Promise<readonly KubeObject[]> => {
  try {
    return (await client.list(resources.Pod, { namespace, labelSelector: LEADER }, { limit: LEADERS_MAX, continueToken: "" })).items;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    throw new Refusal(namespace === undefined ? "you may not look for the operator in all namespaces: name its own with --namespace NAME" : `you may not list the pods of namespace ${namespace}`);
  }
};

const theOne = (pods: readonly KubeObject[], namespace: string | undefined): KubeObject => {
  const [pod] = pods;
  const where = namespace === undefined ? "in this cluster" : `in namespace ${namespace}`;
  if (pod === undefined) throw new Refusal(`no operator leads ${where}: none is installed, none runs, or the next one has not taken over yet`);
  const namespaces = [...new Set(pods.map(namespaceOf))].toSorted();
  if (namespaces.length > 1) throw new Refusal(`there are operators in several namespaces: ${namespaces.join(", ")}; choose one with --namespace NAME`);
  return pod;
};

const adminPortOf = ({ spec }: KubeObject): number => {
  const ports = listOf(fieldsOf(spec)["containers"]).flatMap((container) => listOf(fieldsOf(container)["ports"])).map(fieldsOf);
  const port = ports.find(({ name }) => name === "admin")?.["containerPort"];
  return typeof port === "number" ? port : ADMIN_PORT;
};
