// The second door, for operators and probes: health, readiness, metrics, and to this machine the snapshot in force without its secrets.
// Binds where it is told (127.0.0.1 unless told), carries no traffic, changes nothing.
import type { Socket } from "node:net";
import fastify, { type FastifyInstance } from "fastify";
import type { Snapshot } from "../snapshot/schema.ts";
import { withoutValidator } from "../wire/no-validator.ts";
import type { Metrics } from "./metrics.ts";

export interface AdminParts {
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  readonly metrics: Metrics;
  /** False only for a short while, in which whoever needs us had better wait; true unless told. */
  readonly isStarted?: () => boolean;
  /** Why no traffic should come here, one sentence each; empty when ready. */
  readonly notReady: () => readonly string[];
  readonly snapshot: () => { readonly version: string; readonly snapshot: Snapshot } | null;
}

export interface Admin {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

const HASH_CHARACTERS_SHOWN = 12;
const CONNECTIONS_MAX = 256;
const loopback = /^(?:(?:::ffff:)?127\.|::1$)/;

export const startAdmin = async (parts: AdminParts): Promise<Admin> => {
  const server = fastify({ ...withoutValidator, logger: false, forceCloseConnections: true, requestTimeout: 10_000, bodyLimit: 1024 });
  server.server.maxConnections = CONNECTIONS_MAX;
  addRoutes(server, parts);
  const host = parts.host ?? "127.0.0.1";
  await server.listen({ host, port: parts.port });
  const address = server.server.address();
  const port = typeof address === "object" && address !== null ? address.port : parts.port;
  return { host, port, close: () => server.close() };
};

const addRoutes = (server: FastifyInstance, parts: AdminParts): void => {
  // Alive means that this answer came. It must never depend on a provider or the operator: their outage is no reason to restart.
  server.get("/healthz", async (_, reply) => reply.type("text/plain").send("ok\n"));
  server.get("/startupz", async (_, reply) => {
    const isStarted = parts.isStarted?.() !== false;
    return reply.code(isStarted ? 200 : 503).type("text/plain").send(isStarted ? "ok\n" : "waiting for a configuration\n");
  });
  server.get("/readyz", async (_, reply) => {
    const reasons = parts.notReady();
    return reply.code(reasons.length === 0 ? 200 : 503).send({ isReady: reasons.length === 0, reasons });
  });
  server.get("/metrics", async (_, reply) => reply.type(parts.metrics.contentType).send(await parts.metrics.text()));
  server.get("/debug/snapshot", async (request, reply) => {
    if (!isOfThisMachine(request.socket)) return reply.code(403).send({ error: "The snapshot is shown on this machine only: ask from inside the pod; one that is no sidecar also by kubectl port-forward." });
    const current = parts.snapshot();
    if (current === null) return reply.code(404).send({ error: "There is no snapshot yet." });
    return reply.send({ version: current.version, snapshot: shown(current.snapshot) });
  });
};

// It names the routes and providers of everybody, which is nothing for every pod that reaches this port.
export const isOfThisMachine = ({ remoteAddress = "", localAddress }: Pick<Socket, "remoteAddress" | "localAddress">): boolean => loopback.test(remoteAddress) || remoteAddress === localAddress;

/** Credentials print as [redacted] by themselves; of the callers' key hashes only the beginning is shown. */
const shown = (snapshot: Snapshot): object => {
  const callers = Object.entries(snapshot.callers).map(([hash, caller]) => [`${hash.slice(0, HASH_CHARACTERS_SHOWN)}…`, caller] as const);
  return { ...snapshot, callers: Object.fromEntries(callers) };
};
