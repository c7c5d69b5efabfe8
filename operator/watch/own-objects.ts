// Objects of our three kinds as the cluster has them: the judged content, and beside it the status that was last seen.
// A write of the status alone is no change of the object: it is judged once per generation.
import { hash } from "node:crypto";
import { fieldsOf, namespaceOf, resources, uidOf, versionOf, type Fields, type KubeObject } from "../kube/types.ts";
import type { ObjectRef, OwnKind } from "../world.ts";
import { readObject, type Content } from "./kinds.ts";
import { trimmed } from "./trim.ts";

export interface OwnObject {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly version: string;
  readonly generation: unknown;
  /** Of the spec: a store that was put back may count the same generations a second time. */
  readonly print: string;
  readonly content: Content;
  readonly status: Fields;
}

export const ownObjectOf = (kind: OwnKind, object: KubeObject, known: OwnObject | undefined): OwnObject | undefined => {
  const { generation } = object.metadata;
  const print = hash("sha1", JSON.stringify(object["spec"] ?? null), "base64");
  const parts = { uid: uidOf(object), version: versionOf(object), generation, print, status: fieldsOf(object["status"]) };
  const isSame = known !== undefined && known.uid === parts.uid && known.generation === generation && known.print === print;
  if (isSame) return { ...known, ...parts };
  const reading = readObject(trimmed(resources[kind], object, "spec"), () => undefined);
  if (reading.outcome !== "read") return undefined;
  return { ref: { kind, namespace: namespaceOf(object), name: object.metadata.name }, content: reading.content, ...parts };
};
