// The words that the three kinds have in common: names, durations, money, references, selectors, and the form of an object.
// It knows no kind, and it holds no behaviour.
import { z } from "zod";
import { asSet, inOrder, rules } from "./rules.ts";

export const group = "llmgateway.io";
export const version = "v1alpha1";
export const apiVersion = `${group}/${version}` as const;

/** Name of an entry in a list of ours: a DNS label. */
export const entryName = (): z.ZodString =>
  z.string().min(1).max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** Name of a Kubernetes object: a DNS subdomain. */
export const objectName = (): z.ZodString =>
  z.string().min(1).max(253).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

export const namespaceName = entryName;

/** Key inside a Secret or ConfigMap. */
export const dataKey = (): z.ZodString => z.string().min(1).max(253).regex(/^[-._a-zA-Z0-9]+$/);

/** A model's name, as callers or vendors write it: printable ASCII without spaces and `*`. */
export const modelName = (): z.ZodString => z.string().min(1).max(256).regex(/^[!-)+-~]+$/);

/** A word without spaces, in printable ASCII: ids, scopes. */
export const token = (): z.ZodString => z.string().min(1).max(256).regex(/^[!-~]+$/);

/** Free text of any script. Its length is counted in characters, as the API server does, not in UTF-16 units. */
export const freeText = (most: number): z.ZodString =>
  z
    .string()
    .min(1)
    .refine((text) => text.length <= most || [...text].length <= most, { error: tooLong(most) })
    .meta({ maxLength: most });

/** The API server's words for a string that is too long. */
export const tooLong = (most: number): string => `Too long: may not be more than ${most} bytes`;

/** A team, cost centre or other free word: printable, without spaces at its ends. */
export const word = (): z.ZodString => z.string().min(1).max(128).regex(/^[A-Za-z0-9]([-A-Za-z0-9_./@: ]*[A-Za-z0-9])?$/);

export const headerName = (): z.ZodString => z.string().min(1).max(128).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

export const regionName = (): z.ZodString => z.string().min(1).max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** Gateway API duration, `0s` allowed where it means "off". */
export const duration = (): z.ZodString => z.string().min(2).max(24).regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);

/** Gateway API duration that bounds a wait: longer than nothing, at most a day. */
export const waitDuration = (): z.ZodString =>
  rules(duration(), [
    { rule: "duration(self) > duration('0s')", message: "must be longer than 0s" },
    { rule: "duration(self) <= duration('24h')", message: "must be at most 24h" },
  ]);

/** Money and rates: a decimal string, so that no float ever touches a price. */
export const decimal = (): z.ZodString => z.string().min(1).max(22).regex(/^(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?$/);

export const currency = (): z.ZodString => z.string().length(3).regex(/^[A-Z]{3}$/);

const address = (ending: string): z.ZodString =>
  z.string().min(8).max(2048).regex(new RegExp(String.raw`^https?:\/\/([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\/[!-"$->@-~]*)?${ending}$`));

/** Base URL: absolute http or https, without user information, query or fragment. */
export const baseUrl = (): z.ZodString => address("");

/** The same, and the version of an API that has dates for them. */
export const endpointUrl = (): z.ZodString => address(String.raw`(\?api-version=[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?)?`);

export const count = (least: number, most: number): z.ZodInt => z.int().min(least).max(most);

const requestsPerMinute = count(1, 1_000_000_000).optional().describe("Requests per minute.");
const tokensPerMinute = count(1, 1_000_000_000_000).optional().describe("Tokens per minute, input and output together.");
const concurrency = count(1, 1_000_000).optional().describe("Requests that may be open at one time.");

/** The three rates that a vendor grants, a key has, or a route allows. */
export const rateFields = { requestsPerMinute, tokensPerMinute, concurrency };

export const atLeastOneRate = {
  rule: "has(self.requestsPerMinute) || has(self.tokensPerMinute) || has(self.concurrency)",
  message: "a limit needs at least one of requestsPerMinute, tokensPerMinute and concurrency",
};

export const rates = () => rules(z.object(rateFields), [atLeastOneRate]);

/** Reference to one key of a Secret of the same namespace. There is no namespace field, on purpose. */
export const secretKeyRef = (defaultKey: string) =>
  z.object({
    name: objectName().describe("Name of a Secret in the namespace of this object."),
    key: dataKey().default(defaultKey).describe("Key inside the Secret."),
  });

export const providerRef = () =>
  z.object({
    name: objectName().describe("Name of an LLMProvider."),
    namespace: namespaceName()
      .optional()
      .describe("Namespace of the LLMProvider; omitted means this object's own. Another one needs that provider's `allowedRoutes`."),
  });

const labelValue = (): z.ZodString => z.string().max(63).regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/);
const labelKey = (): z.ZodString => z.string().min(1).max(317).regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/);

const matchExpression = rules(
  z.object({
    key: labelKey().describe("Label key."),
    operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("How the label is compared with `values`."),
    values: inOrder(z.array(labelValue()).max(32)).optional().describe("Values for In and NotIn."),
  }),
  [
    {
      rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: "values belongs to In and NotIn, and only to them",
    },
  ],
);

export const labelSelector = () =>
  z.object({
    matchLabels: z
      .record(z.string(), labelValue())
      .meta({ maxProperties: 32 })
      .optional()
      .describe("Labels that must all be there with these values."),
    matchExpressions: inOrder(z.array(matchExpression).max(32)).optional().describe("Conditions on labels; all must hold."),
  });

/** Which namespaces a door is open to. */
export const namespaces = (who: string) =>
  rules(
    z.object({
      from: z
        .enum(["Same", "All", "Selector"])
        .default("Same")
        .describe(`Same: ${who} of this object's namespace. All: of every namespace. Selector: of namespaces whose labels match \`selector\`.`),
      selector: labelSelector().optional().describe("Labels of the Namespace; only with `from: Selector`."),
    }),
    [{ rule: "(self.from == 'Selector') == has(self.selector)", message: "selector belongs to from: Selector, and only to it" }],
  );

export const residencyFields = {
  regions: asSet(z.array(regionName()).min(1).max(32))
    .optional()
    .describe("Regions that data may go to; a prefix such as `eu` covers `eu-west-1`."),
  zeroDataRetention: z.boolean().default(false).describe("Whether nothing may be kept by the vendor."),
};

/** Metadata of an object, as far as the gateway reads it. */
export type ObjectMeta = {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
};

/** An object of one of the three kinds. */
export type KindObject<Kind extends string, Spec, Status> = {
  apiVersion: typeof apiVersion;
  kind: Kind;
  metadata: ObjectMeta;
  spec: Spec;
  status?: Status;
};
