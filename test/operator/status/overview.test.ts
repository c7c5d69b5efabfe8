// Who is behind and for how long, as a table of moments.
import { describe, expect, it } from "vitest";
import { overviewOf, overviewSchema, Publications, type ConnectedPlane, type OverviewParts } from "../../../operator/status/overview.ts";

const published = (...rows: readonly (readonly [version: string, at: number])[]): Publications => {
  const publications = new Publications();
  for (const [version, at] of rows) publications.note("default", version, at);
  return publications;
};

const plane = (parts: Partial<ConnectedPlane>): ConnectedPlane => ({ uid: "u1", pod: "gateway-0", gateway: "default", build: "1", connectedAt: 0, version: "v2", since: 0, ...parts });

const told = (connected: ConnectedPlane, parts: Partial<OverviewParts> = {}) => {
  const overview = overviewOf({
    operator: { pod: "operator-0", build: "1", epoch: 1 }, now: 10_000, versions: { default: "v2" }, publications: published(["v1", 1000], ["v2", 5000]),
    serving: [{ uid: "u1", namespace: "llm-system", name: "gateway-0", gateway: "default" }], connected: [connected], ...parts,
  });
  expect(overviewSchema.parse(JSON.parse(JSON.stringify(overview)))).toEqual(overview);
  return overview.dataPlanes[0];
};

const rejection = { version: "v2", problems: [{ object: "routes/team-a/chat", path: "models", message: "is too much" }] };

describe("a data plane's row", () => {
  it("tells of a current one how long the newest took to get there", () => {
    expect(told(plane({ since: 5045 }))).toMatchObject({ state: "Current", lagMs: 45, namespace: "llm-system" });
  });

  it("counts for one that came later from when it came", () => {
    expect(told(plane({ connectedAt: 8000, since: 8030 }))).toMatchObject({ state: "Current", lagMs: 30 });
  });

  it("tells of one that is behind since when it is, by the first version that it lacks", () => {
    expect(told(plane({ version: "v1", since: 1010 }))).toMatchObject({ state: "Behind", lagMs: 5000 });
    expect(told(plane({ version: "v0", since: 0 }), { publications: published(["v0", 500], ["v1", 1000], ["v2", 5000]) })).toMatchObject({ state: "Behind", lagMs: 9000 });
    expect(told(plane({ version: "", connectedAt: 9000 }))).toMatchObject({ state: "Behind", lagMs: 1000 });
  });

  it("tells a refusal of the newest, and of an older one as being behind", () => {
    expect(told(plane({ version: "v1", rejection }))).toMatchObject({ state: "Rejected", rejection });
    expect(told(plane({ version: "v1", rejection: { ...rejection, version: "v1.5" } }))).toMatchObject({ state: "Behind" });
  });

  it("tells a pod that is connected and gets no traffic apart, and does not count it", () => {
    const overview = overviewOf({ operator: { pod: "o", build: "1", epoch: 1 }, now: 10_000, versions: { default: "v2" }, publications: published(), serving: [], connected: [plane({})] });
    expect(overview.dataPlanes).toMatchObject([{ state: "Current", isServing: false }]);
    expect(overview.gateways).toEqual([{ name: "default", version: "v2", current: 0, counted: 0 }]);
  });

  it("keeps the moments of a bounded number of versions", () => {
    const many = published(...Array.from({ length: 200 }, (_, index) => [`w${index}`, index] as const));
    expect([many.at("default", "w0"), many.at("default", "w199"), many.overtakenAt("default", "w198")]).toEqual([undefined, 199, 199]);
  });
});
