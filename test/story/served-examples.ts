// The gateway as `npm start` runs it, from the manifests of examples/, with the demo provider behind it: both in this process.
import { resolve } from "node:path";
import { snapshotVersion } from "../../dataplane/snapshot/canonical.ts";
import { compileWorld } from "../../operator/compile/compile.ts";
import { startDemo, type DemoClock } from "../../operator/demo/server.ts";
import { withDemoAt } from "../../operator/standalone/demo-process.ts";
import { ManifestFolder } from "../../operator/watch/files.ts";
import type { World } from "../../operator/world.ts";
import { startGateway } from "../doubles/gateway.ts";

export interface Served {
  readonly url: string;
  /** The demo provider itself, with nothing in between. */
  readonly demoUrl: string;
  close(): Promise<void>;
}

/** `changed` is what the manifests say, otherwise than they do. */
export const serveExamples = async (changed: (world: World) => World = (world) => world, clock?: DemoClock): Promise<Served> => {
  const demo = await startDemo({ host: "127.0.0.1", port: 0, clock });
  const folder = new ManifestFolder({ directory: resolve(import.meta.dirname, "../../examples"), environment: {} });
  const compiled = compileWorld(withDemoAt(changed(folder.read().world), Number(new URL(demo.url).port)).world).snapshots["default"];
  // A busy machine is not what is tested: nothing is shed because this process is late.
  const snapshot = compiled && { ...compiled, settings: { ...compiled.settings, limits: { ...compiled.settings.limits, eventLoopLagMsMax: 0 } } };
  const gateway = await startGateway(null);
  const problems = snapshot === undefined ? ["the examples make no snapshot"] : gateway.server.apply(snapshot, snapshotVersion(snapshot));
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return {
    url: gateway.url,
    demoUrl: demo.url,
    close: async () => {
      await gateway.close();
      await demo.close();
    },
  };
};
