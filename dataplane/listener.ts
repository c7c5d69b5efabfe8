// The bare listener under the server: HTTP as it is, or inside of TLS, with a certificate that may change while it serves.
// Whoever speaks plain HTTP to an encrypted port is answered in plain words. It knows no endpoint.
import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ServingCertificate } from "./certificate.ts";
import type { Clock } from "./clock.ts";

export interface ListenerParts {
  readonly options: ServerOptions;
  readonly onRequest: RequestListener;
  /** Absent: nothing is encrypted. */
  readonly certificate: ServingCertificate | undefined;
  readonly clock: Pick<Clock, "after">;
  /** Answers on the bare socket, and ends it. */
  readonly refusePlain: (socket: Socket) => void;
  readonly onHandshakeFailed: () => void;
}

export interface Listener {
  readonly server: Server;
  /** Cuts off also those who have not begun to speak HTTP, of whom Node's own closing knows nothing. */
  closeAllConnections(): void;
}

/** Until the first byte of a connection, and then until its handshake is over. */
const HANDSHAKE_MS_MAX = 10_000;
const PROTOCOLS = ["http/1.1", "http/1.0"];
const [LETTER_A, LETTER_Z] = [0x41, 0x5a];

export const makeListener = (parts: ListenerParts): Listener => {
  const { options, onRequest, certificate } = parts;
  if (certificate === undefined) {
    const server = createServer(options, onRequest);
    return { server, closeAllConnections: () => server.closeAllConnections() };
  }
  const secure = () => {
    const { cert, key } = certificate.current();
    return { cert, key, minVersion: "TLSv1.2" } as const;
  };
  const server = createSecureServer({ ...options, ...secure(), ALPNProtocols: PROTOCOLS, handshakeTimeout: HANDSHAKE_MS_MAX }, onRequest);
  // Connections that are open stay as they are: a new certificate is for the next handshake.
  const end = certificate.onChange(() => server.setSecureContext(secure()));
  server.once("close", end);
  server.on("tlsClientError", (error: Error & { code?: string }) => {
    if (error.code !== "ECONNRESET") parts.onHandshakeFailed();
  });
  const connections = listenFirst(server, parts);
  server.on("secureConnection", (socket) => mendReset(socket, connections.get(peerOf(socket))));
  return {
    server,
    closeAllConnections: () => {
      server.closeAllConnections();
      for (const connection of connections.values()) connection.destroy();
    },
  };
};

const peerOf = ({ remoteAddress = "", remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;

// Node resets bare connections only, and throws at others; many clients take a TLS connection that just ends for a whole one.
const mendReset = (socket: TLSSocket, bare: Socket | undefined): void => {
  socket.resetAndDestroy = () => {
    bare?.resetAndDestroy();
    return socket.destroy();
  };
};

/** The first byte tells a handshake from a request that was sent in the clear: methods are written in capitals. */
const listenFirst = (server: Server, { clock, refusePlain }: ListenerParts): ReadonlyMap<string, Socket> => {
  const connections = new Map<string, Socket>();
  const handshakes = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    // Once it is closed its address is not known any more.
    const peer = peerOf(socket);
    connections.set(peer, socket);
    const cancel = clock.after(HANDSHAKE_MS_MAX, () => void socket.destroy());
    const look = (): void => {
      const first: unknown = socket.read(1);
      if (!Buffer.isBuffer(first)) return;
      socket.off("readable", look);
      const byte = first[0] ?? 0;
      if (byte >= LETTER_A && byte <= LETTER_Z) {
        refusePlain(socket);
        // What goes unread would break the connection before the answer is there.
        return void socket.resume();
      }
      cancel();
      socket.unshift(first);
      for (const begin of handshakes) begin.call(server, socket);
    };
    socket.on("readable", look);
    socket.on("error", () => void socket.destroy());
    socket.once("close", () => {
      cancel();
      if (connections.get(peer) === socket) connections.delete(peer);
    });
  });
  return connections;
};
