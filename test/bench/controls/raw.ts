// The control that everything is measured against: node:http in, undici's dispatch out, bytes only, no work at all.
// It is what a gateway on these two libraries cannot go below; it checks nothing and keeps nothing.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool, type Dispatcher } from "undici";
import { collectGarbage, serveCommands, usage } from "../commands.ts";

const upstreamPort = Number(process.argv[2]);
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 2048, pipelining: 1, keepAliveTimeout: 60_000, headersTimeout: 0, bodyTimeout: 0, allowH2: false });

class Passage implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#response.on("close", () => {
      if (!this.#response.writableFinished) controller.abort(new Error("the client left"));
    });
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    delete headers["transfer-encoding"];
    delete headers.connection;
    this.#response.writeHead(status, headers);
    if (headers["content-length"] === undefined) this.#response.flushHeaders();
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#response.write(chunk);
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(): void {
    this.#response.destroy();
  }
}

const forward = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
  const headers = { "content-type": request.headers["content-type"], authorization: request.headers.authorization };
  pool.dispatch({ path: request.url ?? "/", method: "POST", headers, body }, new Passage(response));
};

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => forward(request, response, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
});

server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, () => {
  serveCommands({ port: () => (server.address() as AddressInfo).port, usage, collectGarbage });
});
