// How a connection to a provider is opened: the address that was checked is the one that is dialled, whatever a name
// resolves to a moment later. It opens sockets and hands them over; it neither retries nor sends.
import { X509Certificate } from "node:crypto";
import { isIP, connect as connectTcp, type LookupFunction, type OnReadOpts, type Socket, type TcpNetConnectOpts } from "node:net";
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from "node:tls";
import type { buildConnector } from "undici";
import type { Clock } from "../clock.ts";
import { mayDial, type Ranges } from "./address.ts";
import { sharedNames, type Address, type Resolve } from "./names.ts";

const KEEP_ALIVE_DELAY_MS = 60_000;
/** How long one address may take before the next one is tried (RFC 8305 recommends 250 ms; far regions need more). */
const ATTEMPT_MS = 500;
const READ_BYTES_MAX = 65_536;
const SESSIONS_MAX = 100;

/** The address may not be dialled; becomes UPSTREAM_ADDRESS_REFUSED. The message names host and address: for logs only. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused";
  readonly code = "ADDRESS_REFUSED";
  /** Why, without host and address: for callers, who need not know what is inside. */
  readonly reason: string;

  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

/** No connection within the time for it; becomes TIMEOUT_CONNECT. */
export class ConnectTimeout extends Error {
  override readonly name = "ConnectTimeout";
  readonly code = "CONNECT_TIMEOUT";
  readonly timeoutMs: number;

  constructor(hostname: string, timeoutMs: number) {
    super(`no connection to ${hostname} within ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

export interface Dialling {
  readonly network: "public" | "private";
  readonly privateRanges: Ranges;
  /** PEM texts that are trusted beside the system's roots, and the name that the certificate must have if not the host's. */
  readonly tls?: { readonly ca: readonly string[]; readonly serverName?: string | undefined } | undefined;
  /** From the first step (the resolver) to the last (the handshake); 0: no limit. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Absent: the process's shared memory of names over the system's resolver. */
  readonly resolve?: Resolve;
}

export interface Target {
  /** "https:" or any other, which is plain. */
  readonly protocol: string;
  readonly hostname: string;
  /** "": the protocol's own. */
  readonly port: string;
  readonly servername?: string | undefined;
}

export type Dialled = (...outcome: [error: Error, socket: null] | [error: null, socket: Socket]) => void;

/** `onread`: where the socket's bytes go; null: it is read as any stream. The callback is called once, and never at once. */
export type Dial = (target: Target, onread: OnReadOpts | null, callback: Dialled) => void;

export const makeDial = (dialling: Dialling): Dial => {
  const lookup = checkedLookup(dialling);
  const secure = new Secure(dialling.tls?.ca ?? [], dialling.tls?.serverName);
  return (target, onread, callback) => {
    try {
      const hostname = bareHost(target.hostname);
      // Sockets look up names only, so a literal is checked here.
      if (isIP(hostname) !== 0) checkAddress(hostname, dialling);
      const tcp = tcpOptions(target, hostname, onread, lookup);
      const socket = target.protocol === "https:" ? secure.open(target, tcp) : connectTcp(tcp);
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
      settleOnce(socket, target, dialling, callback);
    } catch (error) {
      queueMicrotask(() => callback(error as Error, null));
    }
  };
};

/** For undici's `connect`. The pool must have `allowH2: false`, since only HTTP/1.1 is offered to the other side. */
export const makeConnect = (dialling: Dialling): buildConnector.connector => {
  const dial = makeDial(dialling);
  return (target, callback) => dial(target, null, callback);
};

/** URLs write IPv6 addresses in brackets, sockets do not. */
const bareHost = (hostname: string): string => (hostname.startsWith("[") ? hostname.slice(1, -1) : hostname);

const checkAddress = (address: string, { network, privateRanges }: Dialling): void => {
  const permission = mayDial(address, network, privateRanges);
  if (!permission.allowed) throw new AddressRefused(permission.reason, permission.what);
};

/** Hands the socket only what may be dialled; it asks nobody else. */
const checkedLookup = (dialling: Dialling): LookupFunction => {
  const resolve = dialling.resolve ?? sharedNames(dialling.clock);
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((addresses) => permitted(hostname, addresses, dialling))
      .then(
        (addresses) => {
          const [first] = addresses;
          if (options.all === true) callback(null, [...addresses]);
          else callback(null, first.address, first.family);
        },
        (error: Error) => callback(error, options.all === true ? [] : ""),
      );
  };
};

const permitted = (hostname: string, addresses: readonly Address[], { network, privateRanges }: Dialling): readonly [Address, ...Address[]] => {
  let refusal = { reason: "it has no address", what: "it has no address" };
  const allowed = addresses.filter(({ address }) => {
    const permission = mayDial(address, network, privateRanges);
    if (!permission.allowed) refusal = permission;
    return permission.allowed;
  });
  const [first, ...others] = allowed;
  if (first === undefined) throw new AddressRefused(`${hostname}: ${refusal.reason}`, refusal.what);
  return [first, ...others];
};

const tcpOptions = ({ protocol, port }: Target, host: string, onread: OnReadOpts | null, lookup: LookupFunction): TcpOptions => ({
  host,
  port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  lookup,
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
  highWaterMark: READ_BYTES_MAX,
  ...(onread === null ? {} : { onread }),
});

type TcpOptions = TcpNetConnectOpts & { highWaterMark: number };

class Secure {
  readonly #ca: readonly string[];
  readonly #serverName: string | undefined;
  readonly #sessions = new Map<string, Buffer>();
  // Made once: reading the system's roots costs tens of milliseconds.
  #trusted: SecureContext | null = null;

  constructor(ca: readonly string[], serverName: string | undefined) {
    this.#ca = ca;
    this.#serverName = serverName;
  }

  open(target: Target, tcp: TcpOptions): TLSSocket {
    const name = this.#serverName ?? (target.servername || bareHost(target.hostname));
    const sessionKey = `${name} ${target.hostname} ${target.port}`;
    const session = this.#sessions.get(sessionKey);
    this.#trusted ??= trusting(this.#ca);
    const socket = connectTls({
      ...tcp,
      secureContext: this.#trusted,
      // Said aloud, since an environment variable can change the default.
      rejectUnauthorized: true,
      ALPNProtocols: ["http/1.1"],
      ...(isIP(name) === 0 && name !== "" ? { servername: name } : {}),
      ...(session === undefined ? {} : { session }),
    });
    return socket.on("session", (fresh: Buffer) => this.#keep(sessionKey, fresh));
  }

  #keep(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    if (this.#sessions.size >= SESSIONS_MAX) this.#sessions.delete(this.#sessions.keys().next().value ?? "");
    this.#sessions.set(key, session);
  }
}

const trusting = (ca: readonly string[]): SecureContext => {
  if (ca.length === 0) return createSecureContext();
  // Node passes over what it cannot read; then the handshake would fail with words that mislead.
  for (const pem of ca) new X509Certificate(pem);
  return createSecureContext({ ca: [...getCACertificates("default"), ...ca] });
};

const settleOnce = (socket: Socket, target: Target, dialling: Dialling, callback: Dialled): void => {
  const { connectTimeoutMs, clock } = dialling;
  const late = () => void socket.destroy(new ConnectTimeout(target.hostname, connectTimeoutMs));
  const cancel = connectTimeoutMs === 0 ? null : clock.after(connectTimeoutMs, late);
  const connected = target.protocol === "https:" ? "secureConnect" : "connect";
  const succeed = () => {
    cancel?.();
    socket.off("error", fail);
    callback(null, socket);
  };
  const fail = (error: Error) => {
    cancel?.();
    socket.off(connected, succeed);
    callback(error, null);
  };
  socket.once(connected, succeed).once("error", fail);
};
