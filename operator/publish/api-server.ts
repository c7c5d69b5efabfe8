// What publishing asks of the API server: reviews of tokens, and the two objects that our own authority is kept in.
// A failure to answer is thrown, a verdict is a value; nothing is decided here.
import type { KubeClient } from "../kube/client.ts";
import { isConflict, isNotFound } from "../kube/failure.ts";
import { fieldsOf, listOf, resources, textOf, versionOf, wordsOf, type Fields, type KubeObject } from "../kube/types.ts";
import type { ReviewStatus } from "./authenticate.ts";
import type { AuthorityStore, Kept } from "./keep-authority.ts";

type Asked = Pick<KubeClient, "get" | "create" | "update">;

/** A data plane waits for this before it gets its first snapshot. */
const REVIEW_MS_MAX = 5000;
const MANAGED = { "app.kubernetes.io/managed-by": "llm-gateway-operator" };

export const tokenReviewer =
  (client: Pick<KubeClient, "create">) =>
  async (token: string, audience: string): Promise<ReviewStatus> => {
    const review = await client.create(resources.TokenReview, {}, { spec: { token, audiences: [audience] } }, { timeoutMs: REVIEW_MS_MAX });
    const status = fieldsOf(review["status"]);
    const user = fieldsOf(status["user"]);
    const extra = Object.entries(fieldsOf(user["extra"])).map(([name, values]) => [name, wordsIn(values)] as const);
    return {
      authenticated: status["authenticated"] === true,
      audiences: wordsIn(status["audiences"]),
      ...(textOf(status["error"]) !== "" && { error: textOf(status["error"]) }),
      user: { username: textOf(user["username"]), extra: Object.fromEntries(extra) },
    };
  };

const wordsIn = (values: unknown): string[] => listOf(values).filter((value) => typeof value === "string");

/** The objects of the operator's own namespace. */
export const authorityStore = (client: Asked, namespace: string): AuthorityStore => {
  // What others wrote on the object, labels of the chart for example, stays on it.
  const seen = new Map<string, KubeObject>();
  return {
    read: async (kind, name) => {
      const object = await client.get(resources[kind], { namespace, name }).catch(undefinedIf(isNotFound));
      if (object === undefined) return undefined;
      seen.set(`${kind}/${name}`, object);
      return keptIn(kind, object);
    },
    write: async (kind, name, data, resourceVersion) => {
      const body = bodyOf(kind, data);
      if (resourceVersion === undefined) {
        const created = await client.create(resources[kind], { namespace }, { metadata: { namespace, name, labels: MANAGED }, ...body }).catch(undefinedIf(isConflict));
        return created !== undefined;
      }
      const { labels, annotations, ownerReferences } = fieldsOf(seen.get(`${kind}/${name}`)?.metadata);
      const metadata = { namespace, name, resourceVersion, ...withoutUndefined({ labels, annotations, ownerReferences }) };
      return (await client.update(resources[kind], { namespace, name }, { metadata, ...body }).catch(undefinedIf(isGoneOrChanged))) !== undefined;
    },
  };
};

const isGoneOrChanged = (error: unknown): boolean => isConflict(error) || isNotFound(error);

const undefinedIf =
  (isExpected: (error: unknown) => boolean) =>
  (error: unknown): undefined => {
    if (!isExpected(error)) throw error;
  };

const withoutUndefined = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const keptIn = (kind: "Secret" | "ConfigMap", object: KubeObject): Kept => {
  const data = wordsOf(object["data"]);
  const texts = kind === "ConfigMap" ? data : mapped(data, (value) => Buffer.from(value, "base64").toString("utf8"));
  return { data: texts, resourceVersion: versionOf(object) };
};

const bodyOf = (kind: "Secret" | "ConfigMap", data: Readonly<Record<string, string>>): Fields =>
  kind === "ConfigMap" ? { data } : { type: "Opaque", data: mapped(data, (value) => Buffer.from(value, "utf8").toString("base64")) };

const mapped = (data: Readonly<Record<string, string>>, change: (value: string) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, change(value)]));
