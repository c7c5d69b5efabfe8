// Every object of every value set, judged by the cluster's own API server, beside the release.
import { beforeAll, describe } from "vitest";
import { acceptsEveryObject } from "../charts/acceptance.ts";
import { run } from "./commands.ts";
import { CALLERS } from "./namespaces.ts";
import { upgrade } from "./release.ts";

describe("the cluster's API server", () => {
  // For its kinds.
  beforeAll(() => upgrade());

  acceptsEveryObject(() => ({ kubectl: (words, input) => run("kubectl", words, input), namespace: CALLERS }));
});
