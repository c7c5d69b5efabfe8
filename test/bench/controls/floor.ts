// The floor of Node itself: node:net on both sides, bytes through, one upstream connection for each of the client's.
// It does not know that it carries HTTP.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { collectGarbage, serveCommands, usage } from "../commands.ts";

const upstreamPort = Number(process.argv[2]);

const pour = (from: Socket, into: Socket): void => {
  from.setNoDelay(true);
  from.on("data", (chunk) => {
    if (!into.write(chunk)) from.pause();
  });
  into.on("drain", () => from.resume());
  from.on("end", () => into.end());
  from.on("error", () => into.destroy());
  from.on("close", () => into.destroy());
};

const server = createServer((client) => {
  const upstream = connect(upstreamPort, "127.0.0.1");
  pour(client, upstream);
  pour(upstream, client);
});

server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, () => {
  serveCommands({ port: () => (server.address() as AddressInfo).port, usage, collectGarbage });
});
