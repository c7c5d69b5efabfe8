// The namespaces that the tests make and remove. Somebody's cluster is a guest-house: what we did not make we do not touch.
import { apply, kubectl, tryRun } from "./commands.ts";

const MARK = "llmgateway.io/made-by-tests";

/** Of the release, of a tenant with objects, of those who only call. */
export const SYSTEM = "llm-system";
export const TENANT = "llm-tenant";
export const CALLERS = "llm-callers";
const ALL = [SYSTEM, TENANT, CALLERS];

const isOurs = async (name: string): Promise<boolean | undefined> => {
  const { code, stdout } = await tryRun("kubectl", ["get", "namespace", name, "--output", `jsonpath={.metadata.labels.${MARK.replaceAll(".", "\\.")}}`]);
  return code === 0 ? stdout === "true" : undefined;
};

/** All of them enforce the restricted Pod Security; one that somebody else made is a reason to stop. */
export const makeNamespaces = async (): Promise<void> => {
  for (const name of ALL) {
    if ((await isOurs(name)) === false) throw new Error(`the namespace ${name} is there and was not made by these tests; use another cluster`);
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { [MARK]: "true", "pod-security.kubernetes.io/enforce": "restricted" } } });
  }
};

export const removeNamespaces = async (): Promise<void> => {
  for (const name of ALL) if ((await isOurs(name)) === true) await kubectl("delete", "namespace", name, "--wait=true", "--timeout=120s");
};
