// Where the API server is and how we prove who we are: from a kubeconfig or from the pod's own mounts.
// @kubernetes/client-node reads those and runs exec plugins; the sockets are ours, one pool for everything.
import { hash } from "node:crypto";
import { registerHooks } from "node:module";
import { Agent, ProxyAgent, type Dispatcher } from "undici";

export interface Access {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

export interface KubeConnection {
  /** Without a "/" at the end. */
  readonly server: string;
  /** `isRefused`: the last answer was 401, so that what is remembered is worth nothing. */
  access(isRefused: boolean): Promise<Access>;
  close(): Promise<void>;
}

interface Tls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

const CONNECT_MS_MAX = 5000;
/** TCP probes begin here, one a second then: a peer that vanished is noticed within 20 s. */
const KEEP_ALIVE_PROBE_MS = 10_000;
const IDLE_MS = 30_000;
/** Credentials are asked for again after this, so that a renewed token or certificate is taken up. */
const REMEMBER_MS = 10_000;

/** One request per socket at a time: HTTP/1.1, so that a watch that is stuck blocks nobody else. Deadlines are the client's. */
const poolOf = (tls: Tls, proxy: string | undefined): Dispatcher => {
  const connect = { ...tls, timeout: CONNECT_MS_MAX, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS };
  const common = { allowH2: false, pipelining: 1, keepAliveTimeout: IDLE_MS, headersTimeout: 0, bodyTimeout: 0 };
  return proxy === undefined ? new Agent({ ...common, connect }) : new ProxyAgent({ ...common, uri: proxy, requestTls: connect });
};

/** To a server whose address and headers are known: a test's, or `kubectl proxy`. */
export const plainConnection = (server: string, headers: Readonly<Record<string, string>> = {}, tls: Tls = {}): KubeConnection => {
  const dispatcher = poolOf(tls, undefined);
  return { server, access: async () => ({ dispatcher, headers }), close: () => dispatcher.destroy() };
};

interface Options {
  headers?: Record<string, string>;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
  auth?: string;
}

const tlsOf = ({ ca, cert, key, servername, rejectUnauthorized }: Options): Tls => ({
  ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }),
  ...(servername !== undefined && { servername }), ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
});

const fingerprint = (tls: Tls): string => hash("sha256", JSON.stringify([tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map((part) => String(part ?? ""))));

/**
 * The reader of configuration alone. With it would come the package's thousand models, of which we use none: 45 MiB that
 * stay for good. What it wants of them is two names for a kind of client that is never made here.
 */
const configuration = async () => {
  const models = /\/@kubernetes\/client-node\/dist\/gen\/index\.js$/;
  const source = "export const createConfiguration = undefined; export const ServerConfiguration = undefined;";
  const hooks = registerHooks({ load: (url, context, next) => (models.test(url) ? { format: "module", source, shortCircuit: true } : next(url, context)) });
  try {
    return (await import("@kubernetes/client-node/dist/config.js")).KubeConfig;
  } finally {
    hooks.deregister();
  }
};

export interface Wish {
  readonly file?: string | undefined;
  readonly context?: string | undefined;
}

/** From the file that is named; otherwise from KUBECONFIG, from the home folder, or from the pod that this runs in, whichever is there first. */
export const kubeConnection = async (tick: () => number, { file, context }: Wish = {}): Promise<KubeConnection & { readonly namespace: string }> => {
  const KubeConfig = await configuration();
  const load = () => {
    const loaded = new KubeConfig();
    if (file === undefined) loaded.loadFromDefault();
    else loaded.loadFromFile(file);
    if (context === undefined) return loaded;
    if (loaded.getContextObject(context) === null) throw new Error(`it has no context ${context}; there are: ${loaded.getContexts().map(({ name }) => name).join(", ")}`);
    loaded.setCurrentContext(context);
    return loaded;
  };
  let kubeConfig = load();
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) throw new Error("the kubeconfig has no current cluster");
  if (cluster.proxyUrl?.startsWith("socks") === true) throw new Error("the kubeconfig wants a SOCKS proxy, which is not supported; use an HTTP proxy");
  let known: { access: Access; print: string; readTick: number } | undefined;

  const read = async (): Promise<Access> => {
    const options: Options = {};
    await kubeConfig.applyToHTTPSOptions(options);
    const tls = tlsOf(options);
    const print = fingerprint(tls);
    const headers = { ...options.headers, ...(options.auth !== undefined && { Authorization: `Basic ${Buffer.from(options.auth).toString("base64")}` }) };
    const isSame = known?.print === print;
    // What is open on the old pool ends in its own time.
    if (known !== undefined && !isSame) void known.access.dispatcher.close();
    const dispatcher = isSame && known !== undefined ? known.access.dispatcher : poolOf(tls, cluster.proxyUrl);
    known = { access: { dispatcher, headers }, print, readTick: tick() };
    return known.access;
  };

  let reading: Promise<Access> | undefined;
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace ?? "default",
    access: async (isRefused) => {
      if (isRefused) kubeConfig = load();
      else if (known !== undefined && tick() - known.readTick < REMEMBER_MS) return known.access;
      reading ??= read().finally(() => (reading = undefined));
      return reading;
    },
    close: async () => known?.access.dispatcher.destroy(),
  };
};
