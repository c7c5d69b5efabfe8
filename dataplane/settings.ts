// What one data plane process is told by its surroundings, read once. The only reader of process.env on the data plane.
// How requests are treated is not here: that is the snapshot's, and changes without a restart.
import packageJson from "../package.json" with { type: "json" };
import type { CertificateFiles } from "./certificate.ts";
import type { FeedAddress } from "./feed/connect.ts";
import type { Caller } from "./snapshot/schema.ts";
import type { ExportSettings } from "./telemetry/export.ts";

export const build: string = packageJson.version;

export interface ProcessSettings {
  readonly host: string;
  readonly port: number;
  /** Several processes share the port. */
  readonly reusePort: boolean;
  /** Of the port for requests; absent: plain HTTP. */
  readonly tls: CertificateFiles | undefined;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly gateway: string;
  readonly pod: string;
  readonly uid: string;
  readonly feed: FeedAddress;
  /** Read again before each connection, because it is renewed on disk. */
  readonly feedTokenFile: string | undefined;
  readonly feedRetryMsMax: number;
  /** `isKeyMade`: where there is no key yet, one is made. */
  readonly lastGood: { readonly file: string; readonly keyFile: string; readonly isKeyMade: boolean } | undefined;
  /** Of a sidecar: who calls without a known key. Only the containers of its own pod can. */
  readonly localCaller: Caller | undefined;
  readonly traces: ExportSettings | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ReadSettings = { settings: ProcessSettings; problems?: never } | { settings?: never; problems: readonly string[] };

export const readSettings = (environment: Environment = process.env): ReadSettings => {
  const read = new Reader(environment);
  const settings = Object.freeze({
    host: read.text("LLMGW_HOST", "127.0.0.1"),
    port: read.count("LLMGW_PORT", 8080, 65_535),
    reusePort: read.flag("LLMGW_REUSE_PORT"),
    tls: read.tls(),
    adminHost: read.text("LLMGW_ADMIN_HOST", "127.0.0.1"),
    adminPort: read.count("LLMGW_ADMIN_PORT", 9090, 65_535),
    gateway: read.text("LLMGW_GATEWAY", "default"),
    pod: read.text("LLMGW_POD", "dataplane"),
    uid: read.text("LLMGW_POD_UID", String(process.pid)),
    feed: read.feed(),
    feedTokenFile: environment.LLMGW_FEED_TOKEN_FILE,
    feedRetryMsMax: read.count("LLMGW_FEED_RETRY_MS_MAX", 10_000, 3_600_000),
    lastGood: read.lastGood(),
    localCaller: read.localCaller(),
    traces: read.traces(),
  });
  return read.problems.length > 0 ? { problems: read.problems } : { settings };
};

const NOWHERE: FeedAddress = { socketFile: "" };
const loopback = /^(127\.\d+\.\d+\.\d+|::1|\[::1\]|localhost)$/;

class Reader {
  readonly problems: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string, otherwise: string): string {
    const value = this.#environment[name];
    return value === undefined || value === "" ? otherwise : value;
  }

  count(name: string, otherwise: number, most: number): number {
    const value = this.text(name, String(otherwise));
    if (/^\d{1,9}$/.test(value) && Number(value) <= most) return Number(value);
    this.problems.push(`${name} is "${value}"; it must be a whole number from 0 to ${most}`);
    return otherwise;
  }

  flag(name: string): boolean {
    const value = this.text(name, "false");
    if (value !== "true" && value !== "false") this.problems.push(`${name} is "${value}"; it must be true or false`);
    return value === "true";
  }

  tls(): CertificateFiles | undefined {
    const certificateFile = this.text("LLMGW_TLS_CERT_FILE", "");
    const keyFile = this.text("LLMGW_TLS_KEY_FILE", "");
    if ((certificateFile === "") !== (keyFile === "")) this.problems.push("LLMGW_TLS_CERT_FILE and LLMGW_TLS_KEY_FILE must be set together: a certificate is shown with its key. Set neither for plain HTTP");
    return certificateFile === "" || keyFile === "" ? undefined : { certificateFile, keyFile };
  }

  feed(): FeedAddress {
    const value = this.text("LLMGW_FEED", "");
    if (value.startsWith("unix:/")) return { socketFile: value.slice("unix:".length) };
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url?.protocol === "https:") {
      const file = this.text("LLMGW_FEED_CA_FILE", "");
      // Read before each connection: it is replaced now and then, and in a pod it may come later than we do.
      return file === "" ? { url } : { url, caFile: file };
    }
    // Credentials travel here: unencrypted only where they do not leave the machine.
    if (url?.protocol === "http:" && loopback.test(url.hostname)) return { url };
    this.problems.push(`LLMGW_FEED is "${value}"; it must be the operator's address: https://HOST:PORT, unix:/FILE, or http:// on a loopback address`);
    return NOWHERE;
  }

  lastGood(): ProcessSettings["lastGood"] {
    const file = this.text("LLMGW_LAST_GOOD_FILE", "");
    const keyFile = this.text("LLMGW_LAST_GOOD_KEY_FILE", "");
    if ((file === "") !== (keyFile === "")) this.problems.push("LLMGW_LAST_GOOD_FILE and LLMGW_LAST_GOOD_KEY_FILE must be set together: the file is sealed with the key");
    return file === "" || keyFile === "" ? undefined : { file, keyFile, isKeyMade: this.flag("LLMGW_LAST_GOOD_KEY_MADE") };
  }

  localCaller(): Caller | undefined {
    const [namespace, account] = [this.text("LLMGW_LOCAL_NAMESPACE", ""), this.text("LLMGW_LOCAL_ACCOUNT", "default")];
    if (namespace === "") return undefined;
    // Whoever can connect would be that caller.
    const host = this.text("LLMGW_HOST", "127.0.0.1");
    if (!loopback.test(host)) this.problems.push(`LLMGW_HOST is "${host}"; with LLMGW_LOCAL_NAMESPACE it must be a loopback address, because whoever connects counts as that namespace`);
    return { name: `${namespace}/${account}`, namespace };
  }

  traces(): ExportSettings | undefined {
    const endpoint = this.text("OTEL_EXPORTER_OTLP_ENDPOINT", "");
    if (endpoint === "") return undefined;
    const share = this.text("OTEL_TRACES_SAMPLER_ARG", "1");
    const ratio = Number(share);
    if (!URL.canParse(endpoint)) this.problems.push(`OTEL_EXPORTER_OTLP_ENDPOINT is "${endpoint}"; it must be a URL`);
    if (!(ratio >= 0 && ratio <= 1)) this.problems.push(`OTEL_TRACES_SAMPLER_ARG is "${share}"; it must be a number from 0 to 1`);
    return { endpoint, ratio, resource: { "service.name": this.text("OTEL_SERVICE_NAME", "llm-gateway"), "service.version": build, "service.instance.id": this.text("LLMGW_POD", "dataplane") } };
  }
}
