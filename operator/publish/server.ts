// Listens for data planes over HTTP/2, encrypted wherever it is not this machine alone, and hands each stream to the hub.
// It does not compile, and it decides nothing about who may connect: `authorize` does.
import { chmod, rm } from "node:fs/promises";
import { createSecureServer, createServer, type Http2SecureServer, type Http2Server, type Http2Session, type ServerOptions } from "node:http2";
import type { Snapshot } from "../../dataplane/snapshot/schema.ts";
import type { Publication } from "./editions.ts";
import { Hub, HELLO_MS_MAX, type HubParts } from "./hub.ts";
import type { DataPlaneState } from "./sessions.ts";
import type { ServingCertificate } from "./tls.ts";

export interface PublisherParts extends HubParts {
  /** A socket file that nobody else serves, or an address; port 0 is any free one. */
  listen: { socketFile: string } | { host: string; port: number };
  /** Absent only for a socket file or a loopback address: credentials travel here. */
  tls?: ServingCertificate;
}

export interface Publisher {
  /** 0 for a socket file. */
  readonly port: number;
  /** It rises only where data planes have seen a higher one. */
  epoch(): number;
  /** Only what changed is pushed and returned. */
  publish(snapshots: Iterable<Snapshot>): Publication[];
  dataPlanes(): DataPlaneState[];
  /** What each gateway has now: what status compares data planes with. */
  versions(): Readonly<Record<string, string>>;
  /** True when every connected data plane of the gateway runs this version or has refused it. */
  isSettled(gateway: string, version: string): boolean;
  close(): Promise<void>;
}

const WINDOW_BYTES = 1_048_576;
const CLOSE_MS = 1000;
const HEADER_PAIRS_MAX = 32;
const HEADER_BYTES_MAX = 32_768;
const HANDSHAKE_MS_MAX = 10_000;

const options = {
  settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 1, maxHeaderListSize: HEADER_BYTES_MAX, enablePush: false },
  maxHeaderListPairs: HEADER_PAIRS_MAX,
  // Whoever keeps breaking the rules of the protocol is cut off early.
  maxSessionInvalidFrames: 16,
  maxSessionRejectedStreams: 16,
} satisfies ServerOptions;

export const startPublisher = async (parts: PublisherParts): Promise<Publisher> => {
  const hub = new Hub(parts);
  const connections = new Set<Http2Session>();
  const { server, endTls } = makeServer(parts.tls);
  server.on("session", (session) => {
    connections.add(session);
    const cancel = parts.clock.after(HELLO_MS_MAX, () => {
      if (!hub.isServing(session)) session.destroy();
    });
    session.on("error", () => undefined);
    session.once("close", () => {
      cancel();
      connections.delete(session);
    });
  });
  server.on("stream", (stream, headers) => void hub.accept(stream, headers));
  const port = await listen(server, parts.listen);
  return {
    port,
    epoch: () => hub.epoch,
    publish: (snapshots) => hub.publish(snapshots),
    dataPlanes: () => hub.dataPlanes(),
    versions: () => hub.versions(),
    isSettled: (gateway, version) => hub.isSettled(gateway, version),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      endTls();
      hub.close();
      for (const connection of connections) connection.close();
      const cancel = parts.clock.after(CLOSE_MS, () => {
        for (const connection of connections) connection.destroy();
      });
      await closed;
      cancel();
    },
  };
};

const makeServer = (tls: ServingCertificate | undefined): { server: Http2Server | Http2SecureServer; endTls: () => void } => {
  if (tls === undefined) return { server: createServer(options), endTls: () => undefined };
  const secure = { minVersion: "TLSv1.3", ...tls.current() } as const;
  const server = createSecureServer({ ...options, ...secure, allowHTTP1: false, handshakeTimeout: HANDSHAKE_MS_MAX });
  // Streams that are open stay as they are: a new certificate is for the next handshake.
  const endTls = tls.onChange(() => server.setSecureContext({ minVersion: "TLSv1.3", ...tls.current() }));
  server.on("tlsClientError", () => undefined);
  return { server, endTls };
};

const listen = async (server: Http2Server | Http2SecureServer, where: PublisherParts["listen"]): Promise<number> => {
  // What a killed operator left behind would be refused as an address in use.
  if ("socketFile" in where) await rm(where.socketFile, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen("socketFile" in where ? { path: where.socketFile } : where, resolve);
  });
  if ("socketFile" in where) await chmod(where.socketFile, 0o600);
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
};
