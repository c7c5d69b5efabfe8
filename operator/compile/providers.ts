// LLMProvider → provider of the snapshot with its credentials, or the reason why nobody can use it.
// It does not ask who refers to it: a provider that no route names is left out later.
import type { LLMProvider } from "../../crds/provider.ts";
import type { Auth, Provider, Timeouts } from "../../dataplane/snapshot/schema.ts";
import { refOf } from "../world.ts";
import { compileAuth } from "./auth.ts";
import { lookUpCertificates } from "./credentials.ts";
import { finding, type Finding } from "./diagnostics.ts";
import type { CompiledProvider, Look } from "./sources.ts";
import { durationMs } from "./spans.ts";
import { protocolWords, providerTypeWords, streamOptionsWords, thinkingWords } from "./words.ts";

type Tls = NonNullable<Provider["tls"]>;

/** What one part of the spec came to; `value` undefined makes the whole provider unusable. */
interface Part<Value> {
  readonly value: Value | undefined;
  readonly findings: readonly Finding[];
}

export const compileProvider = (look: Look, id: string, source: LLMProvider): CompiledProvider => {
  const namespace = id.slice(0, id.indexOf("/"));
  const auth = compileAuth(look, namespace, source);
  const tls = compileTls(look, namespace, source.spec.tls);
  const refusals = insecureEndpoints(source);
  const findings = [...refusals, ...auth.findings, ...tls.findings];
  const isUsable = refusals.length === 0 && auth.value !== undefined && tls.value !== undefined;
  const provider = isUsable ? assemble(source, auth.value, tls.value) : undefined;
  return { id, object: refOf("LLMProvider", id), source, namespace, findings, credentials: auth.credentials, provider };
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
  ...thinkingByModel(spec.models ?? []),
  ...(spec.streamOptions && { streamOptions: streamOptionsWords[spec.streamOptions] }),
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

// By the provider's own names, which several names of callers may lead to: it is one model there, and that it writes tags is
// what somebody has seen. Nothing stands here that nobody said: a data plane of an earlier build reads all other providers.
const thinkingByModel = (models: NonNullable<LLMProvider["spec"]["models"]>): Pick<Provider, "thinking"> => {
  const said = models.flatMap(({ name, upstreamName = name, thinking }) => (thinking === undefined || upstreamName === "__proto__" ? [] : [[upstreamName, thinkingWords[thinking]] as const]));
  const inTags = said.filter(([, word]) => word === "in-tags");
  return said.length === 0 ? {} : { thinking: Object.fromEntries([...said, ...inTags]) };
};

// The schema refuses these too; an object that was stored before the schema did still passes by here.
const insecureEndpoints = ({ spec }: LLMProvider): Finding[] => {
  if (spec.network === "Private") return [];
  const endpoints = (spec.endpoints ?? []).map(({ url }, index) => ({ url, path: `spec.endpoints[${index}].url` }));
  const issuers = spec.auth?.oauth === undefined ? [] : [{ url: spec.auth.oauth.tokenURL, path: "spec.auth.oauth.tokenURL" }];
  return [...endpoints, ...issuers].flatMap(({ url, path }) => (url.toLowerCase().startsWith("https://") ? [] : [finding("InsecureEndpoint", path, { url })]));
};

// Authorities that are named replace the public ones. If none of them can be had, falling back to the public ones would
// trust somebody whom the owner did not mean to trust: the provider cannot be used.
const compileTls = (look: Look, namespace: string, tls: LLMProvider["spec"]["tls"]): Part<Tls | "none"> => {
  if (tls === undefined) return { value: "none", findings: [] };
  const findings: Finding[] = [];
  const ca: string[] = [];
  for (const [index, reference] of (tls.caRefs ?? []).entries()) {
    const found = lookUpCertificates(look, namespace, reference, `spec.tls.caRefs[${index}]`);
    if (found.problem === undefined) ca.push(found.value);
    else findings.push(found.problem);
  }
  if (tls.caRefs !== undefined && ca.length === 0) return { value: undefined, findings };
  return { value: { ca, ...(tls.serverName !== undefined && { serverName: tls.serverName }) }, findings };
};
