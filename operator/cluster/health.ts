// The port for probes, scrapes and questions: alive, ready, metrics, who runs what. Nothing that is asked here changes anything.
// That the API server is away makes the operator neither dead nor unready: what is known stays in force.
import { createServer } from "node:http";

export interface HealthParts {
  readonly host: string;
  readonly port: number;
  /** Undefined when ready; otherwise what is waited for. */
  readonly unready: () => string | undefined;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** What only the leader knows; undefined when this is not it. */
  readonly overview: () => object | undefined;
}

export interface Health {
  readonly port: number;
  close(): Promise<void>;
}

const REQUEST_MS_MAX = 10_000;

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

const words = (status: number, text: string): Page => ({ status, contentType: "text/plain; charset=utf-8", text: `${text}\n` });

export const startHealth = async ({ host, port, unready, metrics, overview }: HealthParts): Promise<Health> => {
  const pageOf = async (path: string): Promise<Page> => {
    if (path === "/healthz") return words(200, "ok");
    if (path === "/readyz") {
      const waiting = unready();
      return waiting === undefined ? words(200, "ok") : words(503, waiting);
    }
    if (path === "/metrics") return { status: 200, ...(await metrics()) };
    if (path === "/status") {
      const told = overview();
      return told === undefined ? words(503, "this operator does not lead") : { status: 200, contentType: "application/json", text: JSON.stringify(told) };
    }
    return words(404, "there are /healthz, /readyz, /metrics and /status");
  };
  const server = createServer({ requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX }, (request, response) => {
    request.resume();
    const path = (request.url ?? "").split("?")[0] ?? "";
    void pageOf(path)
      .catch((error: unknown) => words(500, error instanceof Error ? error.message : "it failed"))
      .then(({ status, contentType, text }) => response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(text) }).end(text));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
