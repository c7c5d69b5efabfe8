// What the operator on a cluster is told by its pod: names, ports, which namespaces. Read once; what is wrong is told all at once.
// How requests are treated is not here: that is the settings of the gateways, in a file that may change.
import { hostname } from "node:os";
import { readTemplate, type Template } from "../inject/template.ts";
import type { Environment } from "../settings.ts";

/** How data planes know the operator, and the operator them. */
export interface Trust {
  readonly certificate:
    | { readonly isOwn: true; readonly service: string; readonly secretName: string; readonly bundleName: string }
    | { readonly isOwn: false; readonly certificateFile: string; readonly keyFile: string };
  /** That their tokens must be for. */
  readonly audience: string;
  /** "namespace/name" of the service account → the gateways that its pods may speak for. */
  readonly accounts: ReadonlyMap<string, readonly string[]>;
}

/** The webhook that adds sidecars to pods. */
export interface Injecting {
  readonly host: string;
  readonly port: number;
  /** Names of the Service that leads there, and of the MutatingWebhookConfiguration. */
  readonly service: string;
  readonly webhook: string;
  /** Where the certificate is somebody else's: whom to trust so that it is believed. */
  readonly caFile: string | undefined;
  readonly template: Template;
}

export interface ClusterSettings {
  /** Undefined: the one of the kubeconfig or of the pod's mounts. */
  readonly namespace: string | undefined;
  readonly pod: string;
  readonly podUid: string | undefined;
  /** Undefined: the whole cluster. */
  readonly namespaces: readonly string[] | undefined;
  readonly gatewaysFile: string | undefined;
  readonly lease: string;
  /** Without trust: unencrypted, and for whoever can reach loopback. */
  readonly push: { readonly host: string; readonly port: number; readonly trust: Trust | undefined };
  /** Undefined: no sidecars. */
  readonly inject: Injecting | undefined;
  readonly health: { readonly host: string; readonly port: number };
}

export type ReadClusterSettings = { readonly settings: ClusterSettings; readonly problems?: never } | { readonly settings?: never; readonly problems: readonly string[] };

const PORT_MAX = 65_535;
const namespaceName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const accountOfGateway = /^([a-z0-9][-a-z0-9]*\/[a-z0-9][-.a-z0-9]*)=([a-z0-9][-a-z0-9]*)$/;
const loopback = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

type Text = (name: string) => string | undefined;
type Port = (name: string, otherwise: number) => number;

export const readClusterSettings = (environment: Environment): ReadClusterSettings => {
  const problems: string[] = [];
  const text = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === "" ? undefined : value;
  };
  const port: Port = (name, otherwise) => {
    const value = text(name) ?? String(otherwise);
    if (/^\d{1,5}$/.test(value) && Number(value) <= PORT_MAX) return Number(value);
    problems.push(`${name} is "${value}"; it must be a port from 0 to ${PORT_MAX}`);
    return otherwise;
  };
  const names = (text("WATCH_NAMESPACES") ?? "").split(",").map((name) => name.trim()).filter((name) => name !== "");
  for (const name of names) if (!namespaceName.test(name)) problems.push(`WATCH_NAMESPACES has "${name}", which is no name of a namespace; write names with commas between them, or nothing for all`);
  const host = text("LLMGW_PUSH_HOST") ?? "127.0.0.1";
  const trust = readTrust(text, problems);
  // Credentials travel there.
  if (trust === undefined && !loopback.test(host)) problems.push(`LLMGW_PUSH_HOST is "${host}", where others can listen; set LLMGW_PUSH_SERVICE too, or LLMGW_PUSH_CERTIFICATE_FILE and LLMGW_PUSH_KEY_FILE`);
  const inject = readInjecting(text, port, trust, problems);
  const settings: ClusterSettings = Object.freeze({
    namespace: text("LLMGW_NAMESPACE"),
    pod: text("POD_NAME") ?? hostname(),
    podUid: text("POD_UID"),
    namespaces: names.length === 0 ? undefined : [...new Set(names)],
    gatewaysFile: text("LLMGW_GATEWAYS_FILE"),
    lease: text("LLMGW_LEASE") ?? "llm-gateway-operator",
    push: { host, port: port("LLMGW_PUSH_PORT", 9443), trust },
    inject,
    health: { host: text("LLMGW_HEALTH_HOST") ?? "0.0.0.0", port: port("LLMGW_HEALTH_PORT", 8081) },
  });
  return problems.length > 0 ? { problems } : { settings };
};

const readTrust = (text: Text, problems: string[]): Trust | undefined => {
  const [service, certificateFile, keyFile] = [text("LLMGW_PUSH_SERVICE"), text("LLMGW_PUSH_CERTIFICATE_FILE"), text("LLMGW_PUSH_KEY_FILE")];
  const audience = text("LLMGW_PUSH_AUDIENCE") ?? "llm-gateway-operator";
  const accounts = readAccounts(text("LLMGW_GATEWAY_ACCOUNTS") ?? "", problems);
  if ((certificateFile === undefined) !== (keyFile === undefined)) problems.push("LLMGW_PUSH_CERTIFICATE_FILE and LLMGW_PUSH_KEY_FILE must be set together");
  if (certificateFile !== undefined && keyFile !== undefined) return { certificate: { isOwn: false, certificateFile, keyFile }, audience, accounts };
  if (service === undefined) return undefined;
  const [secretName, bundleName] = [text("LLMGW_AUTHORITY_SECRET") ?? "llm-gateway-authority", text("LLMGW_AUTHORITY_BUNDLE") ?? "llm-gateway-authority-bundle"];
  return { certificate: { isOwn: true, service, secretName, bundleName }, audience, accounts };
};

const readInjecting = (text: Text, port: Port, trust: Trust | undefined, problems: string[]): Injecting | undefined => {
  const told = text("LLMGW_SIDECAR");
  if (told === undefined) return undefined;
  const { template, problems: wrong = [] } = readTemplate(told);
  problems.push(...wrong.map((problem) => `LLMGW_SIDECAR: ${problem}`));
  const [service, webhook, caFile] = [text("LLMGW_INJECT_SERVICE"), text("LLMGW_INJECT_WEBHOOK"), text("LLMGW_INJECT_CA_FILE")];
  if (service === undefined || webhook === undefined) problems.push("LLMGW_SIDECAR needs LLMGW_INJECT_SERVICE and LLMGW_INJECT_WEBHOOK: the names of the webhook's Service and of its configuration");
  if (trust === undefined) problems.push("LLMGW_SIDECAR needs LLMGW_PUSH_SERVICE, or LLMGW_PUSH_CERTIFICATE_FILE and LLMGW_PUSH_KEY_FILE: sidecars are pushed to over TLS only");
  if (trust?.certificate.isOwn === false && caFile === undefined) problems.push("LLMGW_SIDECAR needs LLMGW_INJECT_CA_FILE beside LLMGW_PUSH_CERTIFICATE_FILE: sidecars must know whom to trust");
  if (template === undefined || service === undefined || webhook === undefined) return undefined;
  return { host: text("LLMGW_INJECT_HOST") ?? "127.0.0.1", port: port("LLMGW_INJECT_PORT", 8443), service, webhook, caFile, template };
};

const readAccounts = (words: string, problems: string[]): Trust["accounts"] => {
  const accounts = new Map<string, readonly string[]>();
  for (const word of words.split(",").map((one) => one.trim()).filter((one) => one !== "")) {
    const [, account, gateway] = accountOfGateway.exec(word) ?? [];
    if (account === undefined || gateway === undefined) problems.push(`LLMGW_GATEWAY_ACCOUNTS has "${word}"; write NAMESPACE/ACCOUNT=GATEWAY, with commas between them`);
    else accounts.set(account, [...(accounts.get(account) ?? []), gateway]);
  }
  return accounts;
};
