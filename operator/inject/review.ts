// The API server's question about a pod and our answer, each as JSON. The pod is admitted whatever happens here.
// What is done to a pod is decided in pod.ts.
import { parseText } from "../../dataplane/snapshot/parse.ts";
import { fieldsOf, textOf } from "../kube/types.ts";
import { inject, type Injection, type Release } from "./pod.ts";

const VERSION = "admission.k8s.io/v1";
/** The API server cuts what is longer. */
const WARNING_CHARACTERS_MAX = 240;

export type Outcome = Injection["outcome"] | "failed";

export interface Reviewed {
  readonly outcome: Outcome;
  readonly body: string;
  /** For the log, when it failed. */
  readonly problem?: string;
}

/** Undefined: it is no review of an admission. */
export const answerReview = (text: string, release: () => Release): Reviewed | undefined => {
  const review = fieldsOf(parseText(text));
  const request = fieldsOf(review["request"]);
  const uid = textOf(request["uid"]);
  if (review["apiVersion"] !== VERSION || review["kind"] !== "AdmissionReview" || uid === "") return undefined;
  try {
    const { outcome, patch, warnings } = isNewPod(request) ? inject(request["object"], release()) : { outcome: "untouched", patch: [], warnings: [] } as const;
    const changed = patch.length === 0 ? {} : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
    return { outcome, body: bodyOf({ uid, allowed: true, ...changed, ...(warnings.length > 0 && { warnings: warnings.map((warning) => warning.slice(0, WARNING_CHARACTERS_MAX)) }) }) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : "a failure without words";
    return { outcome: "failed", problem, body: bodyOf({ uid, allowed: true, warnings: ["the pod has no llm-gateway sidecar: the operator failed to make one"] }) };
  }
};

const isNewPod = (request: Readonly<Record<string, unknown>>): boolean => {
  const { group, kind } = fieldsOf(request["kind"]);
  return group === "" && kind === "Pod" && request["operation"] === "CREATE" && textOf(request["subResource"]) === "";
};

const bodyOf = (response: object): string => JSON.stringify({ apiVersion: VERSION, kind: "AdmissionReview", response });
