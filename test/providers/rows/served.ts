// One double of a provider and one data plane for the rows of a file, and a vendor put behind the model that clients ask for.
import { afterAll, beforeAll } from "vitest";
import type { Provider as ProviderPart } from "../../../dataplane/snapshot/schema.ts";
import { startGateway } from "../../doubles/gateway.ts";
import { startProvider, type Provider } from "../../doubles/provider.ts";
import type { Vendor } from "./vendors.ts";

export interface Served {
  readonly provider: Provider;
  /** Of the data plane. */
  readonly url: string;
  serve(vendor: Pick<Vendor, "type" | "at" | "model" | "auth" | "protocols">): void;
}

const start = async (atEnd: (end: () => Promise<void>) => void): Promise<Served> => {
  const provider = await startProvider();
  const gateway = await startGateway(null);
  atEnd(async () => {
    await gateway.close();
    await provider.close();
  });
  return {
    provider,
    url: gateway.url,
    serve: ({ type, at, model, auth, protocols }) => {
      const part: Partial<ProviderPart> = { type, ...(auth && { auth }), ...(protocols && { protocols: [...protocols] }) };
      gateway.apply({ providers: { one: provider.url + at }, provider: part, targets: [{ name: "one", provider: "test/one", model, weight: 1, priority: 0 }], credentials: { "test/id": "AKIDEXAMPLE" } });
    },
  };
};

/** Starts before the tests of the file that asks, and ends behind them. */
export const served = (): (() => Served) => {
  let running: Served | undefined;
  let end: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    running = await start((stop) => void (end = stop));
  });
  afterAll(() => end?.());
  return () => {
    if (running === undefined) throw new Error("it is started before the tests, and not before the file");
    return running;
  };
};
