// LLMProvider → provider of the snapshot with its credentials, or the reason why nobody can use it.
// It does not ask who refers to it: a provider that no route names is left out later.
import type { LLMProvider, ProviderAuth } from "../../crds/provider.ts";
import type { Provider, Timeouts } from "../../dataplane/snapshot/schema.ts";
import type { Secret } from "../../dataplane/snapshot/secret.ts";
import type { World } from "../world.ts";
import { credentialId, lookUpCertificates, lookUpKey } from "./credentials.ts";
import { finding, type Finding } from "./diagnostics.ts";
import { durationMs } from "./spans.ts";
import { isServed, protocolWords, providerTypeWords, servedTypes } from "./words.ts";

export interface CompiledProvider {
  readonly id: string;
  readonly source: LLMProvider;
  readonly namespace: string;
  readonly findings: readonly Finding[];
  /** By id; only those that `provider` names. */
  readonly credentials: ReadonlyMap<string, Secret>;
  /** Undefined when it cannot be used at all: `findings` says why. */
  readonly provider: Provider | undefined;
}

type Auth = Provider["auth"];
type Tls = NonNullable<Provider["tls"]>;

/** What one part of the spec came to; `value` undefined makes the whole provider unusable. */
interface Part<Value> {
  readonly value: Value | undefined;
  readonly findings: readonly Finding[];
}

export const compileProvider = (world: World, id: string, source: LLMProvider): CompiledProvider => {
  const namespace = id.slice(0, id.indexOf("/"));
  const credentials = new Map<string, Secret>();
  const auth = compileAuth(world, namespace, source.spec.auth, credentials);
  const tls = compileTls(world, namespace, source.spec.tls);
  const refusals = [...unservedType(source), ...insecureEndpoints(source)];
  const findings = [...refusals, ...auth.findings, ...tls.findings];
  const isUsable = refusals.length === 0 && auth.value !== undefined && tls.value !== undefined;
  const provider = isUsable ? assemble(source, auth.value, tls.value) : undefined;
  return { id, source, namespace, findings, credentials, provider };
};

const assemble = ({ spec }: LLMProvider, auth: Auth, tls: Tls | "none"): Provider => ({
  type: providerTypeWords[spec.type],
  ...(spec.protocols && { protocols: spec.protocols.map((protocol) => protocolWords[protocol]) }),
  ...(spec.endpoints && { endpoints: spec.endpoints.map(({ url, priority, weight }) => ({ url, priority, weight })) }),
  network: spec.network === "Private" ? "private" : "public",
  auth,
  ...(tls !== "none" && { tls }),
  timeouts: compileTimeouts(spec.timeouts),
  models: renamedModels(spec.models ?? []),
});

const compileTimeouts = (timeouts: LLMProvider["spec"]["timeouts"]): Timeouts => ({
  connectMs: durationMs(timeouts.connect),
  headersMs: durationMs(timeouts.headers),
  firstTokenMs: durationMs(timeouts.firstToken),
  idleMs: durationMs(timeouts.idle),
  totalMs: durationMs(timeouts.total),
});

// What keeps its name is left out: names outside the table pass unchanged. "__proto__" is no name that a table can hold.
const renamedModels = (models: NonNullable<LLMProvider["spec"]["models"]>): Record<string, string> =>
  Object.fromEntries(
    models.flatMap(({ name, upstreamName }) => (upstreamName === undefined || upstreamName === name || name === "__proto__" ? [] : [[name, upstreamName]])),
  );

const unservedType = ({ spec: { type } }: LLMProvider): Finding[] =>
  isServed(type) ? [] : [finding("TypeNotInForce", "spec.type", { type, known: servedTypes() })];

// The schema refuses these too; an object that was stored before the schema did still passes by here.
const insecureEndpoints = ({ spec }: LLMProvider): Finding[] => {
  if (spec.network === "Private") return [];
  return (spec.endpoints ?? []).flatMap(({ url }, index) =>
    url.toLowerCase().startsWith("https://") ? [] : [finding("InsecureEndpoint", `spec.endpoints[${index}].url`, { url })],
  );
};

const compileAuth = (world: World, namespace: string, auth: ProviderAuth | undefined, credentials: Map<string, Secret>): Part<Auth> => {
  if (auth === undefined || auth.type === "None") return { value: { scheme: "none", keys: [] }, findings: [] };
  if (auth.type !== "APIKey") return { value: undefined, findings: [finding("AuthNotInForce", "spec.auth.type", { type: auth.type })] };
  const findings: Finding[] = [];
  const keys: Auth["keys"] = [];
  for (const { name, weight, reference, path } of keysOf(auth)) {
    const found = lookUpKey(world, namespace, reference, path);
    if (found.problem !== undefined) {
      findings.push(found.problem);
      continue;
    }
    const credential = credentialId(namespace, reference);
    credentials.set(credential, found.value);
    keys.push({ name, credential, weight });
  }
  if (keys.some((key) => key.weight > 0)) return { value: { scheme: "api-key", keys }, findings };
  // With one key the finding about that key says it all.
  if (auth.keys !== undefined) findings.push(finding("NoUsableKey", "spec.auth.keys"));
  return { value: undefined, findings };
};

const keysOf = (auth: ProviderAuth) => {
  const single = auth.secretRef === undefined ? [] : [{ name: "default", weight: 1, reference: auth.secretRef, path: "spec.auth.secretRef" }];
  const pool = (auth.keys ?? []).map(({ name, weight, secretRef }, index) => ({ name, weight, reference: secretRef, path: `spec.auth.keys[${index}].secretRef` }));
  return [...single, ...pool];
};

// Authorities that are named replace the public ones. If none of them can be had, falling back to the public ones would
// trust somebody whom the owner did not mean to trust: the provider cannot be used.
const compileTls = (world: World, namespace: string, tls: LLMProvider["spec"]["tls"]): Part<Tls | "none"> => {
  if (tls === undefined) return { value: "none", findings: [] };
  const findings: Finding[] = [];
  const ca: string[] = [];
  for (const [index, reference] of (tls.caRefs ?? []).entries()) {
    const found = lookUpCertificates(world, namespace, reference, `spec.tls.caRefs[${index}]`);
    if (found.problem === undefined) ca.push(found.value);
    else findings.push(found.problem);
  }
  if (tls.caRefs !== undefined && ca.length === 0) return { value: undefined, findings };
  return { value: { ca, ...(tls.serverName !== undefined && { serverName: tls.serverName }) }, findings };
};
