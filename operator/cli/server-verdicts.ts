// What an API server says about each manifest when asked to apply it and to keep nothing (a dry run), as complaints with file, line and field.
// Nothing is written anywhere, and a manifest that the server takes is not mentioned.
import type { KubeClient } from "../kube/client.ts";
import { isForbidden, isNotFound, KubeFailure, wordsOfFailure } from "../kube/failure.ts";
import { resources } from "../kube/types.ts";
import type { Complaint } from "../standalone/complaints.ts";
import { keyOf } from "../world.ts";
import type { Manifested } from "./manifests.ts";

interface Verdict {
  readonly severity: Complaint["severity"];
  readonly path: string;
  readonly message: string;
}

export const serverVerdicts = async (client: KubeClient, objects: readonly Manifested[]): Promise<Complaint[]> => {
  const brought = new Set(objects.flatMap(({ read: { ref } }) => (ref.kind === "Namespace" ? [ref.name] : [])));
  const complaints: Complaint[] = [];
  // One after the other: the answers come in the order of the files, and the server is spared.
  for (const object of objects) {
    const { file, lineOf, read: { ref } } = object;
    for (const { severity, path, message } of await verdictsOn(client, object, brought)) {
      complaints.push({ severity, file, line: lineOf(path), object: keyOf(ref), path, message });
    }
  }
  return complaints;
};

const isSent = (kind: string): kind is keyof typeof resources => Object.hasOwn(resources, kind);

const verdictsOn = async (client: KubeClient, { raw, read: { ref } }: Manifested, brought: ReadonlySet<string>): Promise<Verdict[]> => {
  if (!isSent(ref.kind)) return [];
  try {
    await client.tryApply(resources[ref.kind], { ...(ref.namespace !== "" && { namespace: ref.namespace }), name: ref.name }, raw);
    return [];
  } catch (error) {
    if (!(error instanceof KubeFailure) || error.status === 0) throw error;
    return verdictsIn(error, ref.kind, ref.namespace, brought);
  }
};

const verdictsIn = (failure: KubeFailure, kind: string, namespace: string, brought: ReadonlySet<string>): Verdict[] => {
  const whole = (message: string, severity: Complaint["severity"] = "error"): Verdict[] => [{ severity, path: "", message }];
  if (isNotFound(failure) && failure.message.includes(`namespaces "${namespace}"`)) {
    return brought.has(namespace)
      ? whole(`the server could not be asked yet: namespace ${namespace} is among these manifests, and not in the cluster`, "warning")
      : whole(`the cluster has no namespace ${namespace}`);
  }
  if (isNotFound(failure)) return whole(`the cluster does not know the kind ${kind}: the gateway's kinds are not installed there, or others than these`);
  if (isForbidden(failure)) return whole(`the server will not take it from you: ${failure.message}`);
  if (failure.causes.length > 0) return failure.causes.map(({ field, message }) => ({ severity: "error", path: pathOf(field), message }));
  const unknown = unknownFields(failure.message);
  return unknown.length > 0 ? unknown.map((path) => ({ severity: "error", path, message: "the server knows no such field" })) : whole(`the server refuses it: ${wordsOfFailure(failure)}`);
};

const pathOf = (field: string): string => (field === "<nil>" ? "" : field);

/** From the words of strict decoding, `unknown field "spec.x"`, and of server-side apply, `.spec.x: field not declared in schema`. */
const unknownFields = (message: string): string[] => [
  ...[...message.matchAll(/unknown field "([^"]+)"/g)].map(([, path = ""]) => path),
  ...[...message.matchAll(/\.((?:metadata|spec)[^\s:]*): field not declared in schema/g)].map(([, path = ""]) => path),
];
