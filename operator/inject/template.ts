// What every sidecar of this release has in common, as the chart tells it: one JSON text, checked once.
// What depends on the pod is added in sidecar.ts.
import { z } from "zod";
import { parseText } from "../../dataplane/snapshot/parse.ts";

const port = z.int().min(1024).max(65_535);
const quantities = z.record(z.string(), z.union([z.string(), z.number()]).transform(String));
const user = z.int().min(1).optional();

const templateSchema = z.strictObject({
  image: z.string().min(1),
  pullPolicy: z.enum(["Always", "IfNotPresent", "Never"]),
  /** Names of Secrets; they must be in the pod's namespace to be of use. */
  pullSecrets: z.array(z.string().min(1)),
  /** Of pods that name none. */
  gateway: z.string().min(1).max(63),
  /** On loopback, for the pod's own containers; and on the pod's address, for probes and scrapes. */
  port,
  adminPort: port,
  /** The operator's address. */
  feed: z.url({ protocol: /^https$/ }),
  /** The ConfigMap with the operator's authorities in every namespace that is open to sidecars. */
  bundle: z.string().min(1).max(253),
  resources: z.strictObject({ requests: quantities.optional(), limits: quantities.optional() }),
  /** Absent: the platform chooses. */
  user,
  group: user,
  env: z.array(z.record(z.string(), z.unknown())),
}).refine((template) => template.port !== template.adminPort, { message: "port and adminPort must not be the same", path: ["adminPort"] });

export type Template = z.infer<typeof templateSchema>;

export type ReadTemplate = { readonly template: Template; readonly problems?: never } | { readonly template?: never; readonly problems: readonly string[] };

export const readTemplate = (text: string): ReadTemplate => {
  const checked = templateSchema.safeParse(parseText(text));
  if (checked.success) return { template: checked.data };
  return { problems: checked.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`) };
};
