// Reads a case, compiles it and writes down what came out, in the form of the *.out.yaml files.
// What is the same in every case is shortened, so that a difference is seen at once.
import { isDeepStrictEqual } from "node:util";
import { dump, loadAll } from "js-yaml";
import { validateGatewaySettings } from "../../../crds/validate.ts";
import { canonical, resourceHash, snapshotVersion, type Plain } from "../../../dataplane/snapshot/canonical.ts";
import { checkSnapshot } from "../../../dataplane/snapshot/check.ts";
import { defaultSettings, type Snapshot } from "../../../dataplane/snapshot/schema.ts";
import type { Secret } from "../../../dataplane/snapshot/secret.ts";
import { compileWorld, type Compiled } from "../../../operator/compile/compile.ts";
import { advanceHistory, statusOf } from "../../../operator/status/conditions.ts";
import { readObject } from "../../../operator/watch/kinds.ts";
import { massDeletion, WorldBuilder, type World } from "../../../operator/watch/world.ts";

/** The environment that `${NAME}` in a case's Secrets is taken from. */
const environment: Readonly<Record<string, string>> = { OPENAI_API_KEY: "sk-from-environment" };

const fields = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === "object" && value !== null ? { ...value } : {});

/** Objects and settings as documents; `{before: [objects]}` is what was there earlier. */
export const worldOf = (documents: readonly unknown[]): World => {
  const builder = new WorldBuilder();
  for (const document of documents) {
    if (document === null || document === undefined || "before" in fields(document)) continue;
    if ("gateways" in fields(document)) {
      const { settings, problems } = validateGatewaySettings(document);
      if (settings === undefined) throw new Error(`the case's settings are wrong: ${JSON.stringify(problems)}`);
      builder.setGateways(settings.gateways);
      continue;
    }
    const reading = readObject(document, (name) => environment[name]);
    if (reading.outcome !== "read") throw new Error(`not an object of the world: ${JSON.stringify(document)}`);
    builder.put(reading.ref, reading.content);
  }
  return builder.world();
};

export const documentsOf = (text: string): unknown[] => loadAll(text);

export const outcomeOf = (text: string): string => {
  const documents = documentsOf(text);
  const world = worldOf(documents);
  const compiled = compileWorld(world);
  const before = documents.flatMap((document) => fields(document)["before"] ?? []);
  const shown = {
    ...(before.length > 0 && { massDeletion: massDeletion(worldOf(before), world) !== null }),
    snapshots: Object.fromEntries(Object.entries(compiled.snapshots).map(([gateway, snapshot]) => [gateway, shownSnapshot(snapshot)])),
    conditions: conditionsOf(compiled),
  };
  return dump(shown, { lineWidth: 160, quoteStyle: "double" });
};

const usualTimeouts = { connectMs: 5000, headersMs: 60_000, firstTokenMs: 30_000, idleMs: 30_000, totalMs: 600_000 };

const redacted = (secret: Secret): Plain => `${String(secret)} ${resourceHash(secret).slice(0, 8)}`;

const shownSnapshot = (snapshot: Snapshot): unknown => {
  if (checkSnapshot(snapshot).problems !== undefined) throw new Error("a snapshot came out that does not pass the check");
  const plain: unknown = JSON.parse(canonical(snapshot, redacted));
  const { settings, providers, ...rest } = fields(plain);
  const shortened = Object.entries(fields(providers)).map(([id, provider]) => {
    const { timeouts, ...others } = fields(provider);
    return [id, { ...others, timeouts: isDeepStrictEqual(timeouts, usualTimeouts) ? "(defaults)" : timeouts }] as const;
  });
  return {
    version: snapshotVersion(snapshot),
    settings: isDeepStrictEqual(snapshot.settings, defaultSettings) ? "(defaults)" : settings,
    providers: Object.fromEntries(shortened),
    routes: rest["routes"],
    callers: rest["callers"],
    credentials: rest["credentials"],
  };
};

/** Of each object, with one data plane per gateway that runs the newest version. */
const conditionsOf = ({ snapshots, diagnostics }: Compiled): unknown => {
  const versions = Object.fromEntries(Object.entries(snapshots).map(([gateway, snapshot]) => [gateway, snapshotVersion(snapshot)]));
  const history = advanceHistory({}, diagnostics, versions);
  const dataPlanes = Object.entries(versions).map(([gateway, version]) => ({ pod: `${gateway}-0`, gateway, version }));
  const entries = Object.entries(diagnostics).map(([key, report]) => {
    const { conditions } = statusOf({ key, report, history, dataPlanes, previous: [], time: "2026-01-01T00:00:00Z" });
    const told = report.object.kind === "Secret" ? conditions.filter((condition) => condition.status === "False" && condition.type !== "Programmed") : conditions;
    return [key, Object.fromEntries(told.map(({ type, status, reason, message }) => [type, `${status} ${reason}: ${message}`]))] as const;
  });
  return Object.fromEntries(entries);
};
