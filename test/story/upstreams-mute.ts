// A provider whose TLS handshake never comes: it accepts connections and says nothing, so that a request waits for one.
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface Mute {
  readonly url: string;
  /** Settles when somebody has connected. */
  accepted(): Promise<void>;
  /** Settles when all who had connected have left. */
  left(): Promise<void>;
}

export const startMute = async (): Promise<Mute> => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    // What is not read hides that the other side has left.
    socket.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}/v1`,
    accepted: async () => {
      if (sockets.length === 0) await once(server, "connection");
    },
    left: async () => {
      await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
    },
  };
};
