// What a fastify server is told that has no JSON schemas: not to load the compilers of such, which it otherwise does at once.
// Measured, they are two and a half megabytes of an idle process. It validates and serializes nothing.
import type { FastifyServerOptions } from "fastify";

const refuse = (): never => {
  throw new Error("no route here has a JSON schema: bodies are the protocols' matter");
};

export const withoutValidator: Pick<FastifyServerOptions, "schemaController"> = {
  schemaController: { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } },
};
