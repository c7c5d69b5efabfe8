// Finds out before anything is started whether a port can be had, and says in words which flag to change if not.
// It holds no port: between the look and the use another process may come.
import { createServer } from "node:net";
import { Refusal } from "../terminal.ts";

/** The port itself, or for 0 one that is free now. */
export const freePort = (host: string, port: number, flag: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => reject(new Refusal(words(error, host, port, flag))));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : port));
    });
  });

const words = (error: NodeJS.ErrnoException, host: string, port: number, flag: string): string => {
  if (error.code === "EADDRINUSE") return `port ${port} on ${host} is in use by another process; choose another with ${flag} N`;
  if (error.code === "EACCES") return `port ${port} needs more rights than this user has; choose one above 1023 with ${flag} N`;
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") return `${host} is not an address of this machine; choose another with --host ADDRESS`;
  return `port ${port} on ${host} cannot be used: ${error.message}`;
};
