// The port that the API server asks about new pods, over TLS. It keeps nothing and changes nothing; every operator serves it.
// Until there is a certificate it is open and no handshake succeeds: then pods start without sidecars.
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Release } from "./pod.ts";
import { answerReview, type Outcome } from "./review.ts";

export const INJECT_PATH = "/inject";

/** PEM. */
export interface ServedPair {
  readonly cert: string;
  readonly key: string;
}

export interface InjectServerParts {
  readonly host: string;
  readonly port: number;
  readonly release: () => Release;
  readonly observe: (outcome: Outcome | "malformed") => void;
  readonly say: (message: string) => void;
}

export interface InjectServer {
  readonly port: number;
  /** For every handshake from now on. */
  serve(pair: ServedPair): void;
  /** It answers on, and asks whoever is connected to connect anew: by then that leads to somebody else. */
  retire(): void;
  close(): Promise<void>;
}

/** A pod is at most 1.5 MB; a review holds it once, and JSON escapes. */
const BODY_BYTES_MAX = 8_388_608;
const REQUEST_MS_MAX = 10_000;
const CONNECTIONS_MAX = 512;

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const words = (status: number, text: string): Answer => ({ status, contentType: "text/plain; charset=utf-8", text: `${text}\n` });

export const startInjectServer = async (parts: InjectServerParts): Promise<InjectServer> => {
  let isRetired = false;
  const server = createServer({ minVersion: "TLSv1.3", requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, handshakeTimeout: REQUEST_MS_MAX }, (request, response) => {
    void answerTo(request, parts)
      .catch(() => words(400, "the question did not arrive whole"))
      .then((answer) => send(response, answer, isRetired));
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on("tlsClientError", () => undefined);
  await listen(server, parts);
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    // An idle connection is left to be closed by its next answer: closed from here, a question on its way would be lost.
    retire: () => void (isRetired = true),
    serve: ({ cert, key }) => server.setSecureContext({ minVersion: "TLSv1.3", cert, key }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      await closed;
    },
  };
};

const listen = (server: Server, { host, port }: InjectServerParts): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });

const answerTo = async (request: IncomingMessage, { release, observe, say }: InjectServerParts): Promise<Answer> => {
  const path = (request.url ?? "").split("?")[0];
  if (path !== INJECT_PATH || request.method !== "POST") {
    request.resume();
    return path === INJECT_PATH ? words(405, "ask with POST") : words(404, `there is ${INJECT_PATH}`);
  }
  const text = await textOf(request);
  const reviewed = text === undefined ? undefined : answerReview(text, release);
  observe(reviewed?.outcome ?? "malformed");
  if (text === undefined) return words(413, `a question has at most ${BODY_BYTES_MAX} bytes`);
  if (reviewed === undefined) return words(400, "this is no AdmissionReview of admission.k8s.io/v1");
  if (reviewed.problem !== undefined) say(`a pod was admitted without its sidecar: ${reviewed.problem}`);
  return { status: 200, contentType: "application/json", text: reviewed.body };
};

/** Undefined when it is too long; it is read to its end all the same, so that the answer is heard. */
const textOf = async (request: IncomingMessage): Promise<string | undefined> => {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    length += (piece as Buffer).length;
    if (length <= BODY_BYTES_MAX) pieces.push(piece as Buffer);
  }
  return length <= BODY_BYTES_MAX ? Buffer.concat(pieces).toString("utf8") : undefined;
};

const send = (response: ServerResponse, { status, contentType, text }: Answer, isLast: boolean): void => {
  response.on("error", () => undefined);
  response.writeHead(status, { ...(isLast && { connection: "close" }), "content-type": contentType, "content-length": Buffer.byteLength(text) }).end(text);
};
