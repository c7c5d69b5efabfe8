// What is kept of an object of the cluster: enough to judge it, and nothing that another program left in it.
// The status is set apart: it is ours to write, and says nothing about whether the object is valid.
import { apiVersionOf, textOf, wordsOf, type Fields, type KubeObject, type Resource } from "../kube/types.ts";

/** kubectl keeps a whole copy of the object here, of a Secret too. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

const metadataOf = ({ metadata }: KubeObject): Fields => {
  const { [LAST_APPLIED]: _, ...annotations } = wordsOf(metadata["annotations"]);
  const { generation } = metadata;
  return {
    name: metadata.name,
    ...(textOf(metadata["namespace"]) !== "" && { namespace: metadata["namespace"] }),
    uid: textOf(metadata["uid"]),
    resourceVersion: textOf(metadata["resourceVersion"]),
    creationTimestamp: textOf(metadata["creationTimestamp"]),
    ...(typeof generation === "number" && { generation }),
    labels: wordsOf(metadata["labels"]),
    annotations,
  };
};

/** Items of a list do not say what they are: the resource does. */
export const trimmed = (resource: Resource, object: KubeObject, ...fields: readonly string[]): Fields => ({
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  metadata: metadataOf(object),
  ...Object.fromEntries(fields.flatMap((field) => (object[field] === undefined ? [] : [[field, object[field]]]))),
});
