// The same files against a real API server: same verdict, same words, same defaults. Skipped, with the reason, where there is none.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { definitionFile } from "../../crds/definition.ts";
import { apiVersion } from "../../crds/shared.ts";
import { kinds, validateObject } from "../../crds/validate.ts";
import { install, openApiServer, reasonToSkip, uninstall } from "./api-server.ts";
import type { Answer, ApiServer } from "./api-server.ts";
import { complaint, readCases } from "./cases.ts";
import type { Case, CaseVerdict } from "./cases.ts";
import { mutate, randomFrom } from "./mutations.ts";

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

const reason = reasonToSkip(process.env);
const cases = await readCases();
const changes = cases.filter((one) => one.before !== undefined);
const rows = Object.values(kinds);

/** A namespace of our own, so that nothing that is there already is in the way. */
const namespace = `crds-${randomBytes(4).toString("hex")}`;
const namespacePath = `/api/v1/namespaces/${namespace}`;

const collectionOf = (object: unknown): string => {
  const row = rows.find(({ kind }) => kind === fieldsOf(object)["kind"]);
  if (row === undefined) throw new Error("a case of an unknown kind");
  return `/apis/${apiVersion}/namespaces/${namespace}/${row.plural}`;
};

const verdictOf = (answer: Answer): CaseVerdict => ({ isAccepted: answer.status < 300, words: String(fieldsOf(answer.body)["message"] ?? answer.text) });
const metadataOf = (object: unknown): Fields => fieldsOf(fieldsOf(object)["metadata"]);

describe.skipIf(reason !== undefined)(`a real API server${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let api: ApiServer;
  const added: string[] = [];

  beforeAll(async () => {
    api = await openApiServer(process.env);
    const made = await api.send("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    expect(made.status, made.text).toBe(201);
    for (const row of rows) {
      const definition = load(await readFile(new URL(`../../crds/${definitionFile(row)}`, import.meta.url), "utf8"));
      const name = String(metadataOf(definition)["name"]);
      if (await install(api, { ...fieldsOf(definition), metadata: { name } }, `/apis/${apiVersion}/${row.plural}`)) added.push(name);
    }
  }, 150_000);

  afterAll(async () => {
    await api.send("DELETE", namespacePath);
    for (const name of added) await uninstall(api, name);
    await api.stop();
  }, 30_000);

  const create = (object: unknown): Promise<Answer> => api.send("POST", `${collectionOf(object)}?fieldValidation=Strict&dryRun=All`, object);

  async function change(one: Case): Promise<Answer> {
    const collection = collectionOf(one.object);
    const before = await api.send("POST", `${collection}?fieldValidation=Strict`, one.before);
    expect(before.status, before.text).toBe(201);
    const { name, resourceVersion } = metadataOf(before.body);
    const after = { ...fieldsOf(one.object), metadata: { ...metadataOf(one.object), resourceVersion } };
    const answer = await api.send("PUT", `${collection}/${String(name)}?fieldValidation=Strict&dryRun=All`, after);
    await api.send("DELETE", `${collection}/${String(name)}`);
    return answer;
  }

  it.each(cases.filter((one) => one.before === undefined))("gives $name the verdict that zod and CEL give", async (one) => {
    const answer = await create(one.object);
    expect(complaint(one, verdictOf(answer))).toBeUndefined();
    const here = validateObject(one.object).object;
    if (one.isAccepted) expect(fieldsOf(answer.body)["spec"]).toEqual(here?.spec);
  });

  it.each(changes)("gives the change in $name the verdict that zod and CEL give", async (one) => {
    expect(complaint(one, verdictOf(await change(one)))).toBeUndefined();
  });

  it("agrees with zod and CEL on odd objects that nobody wrote", async () => {
    const seed = Number(process.env["CRDS_SEED"] ?? 1);
    const random = randomFrom(seed);
    const sources = cases.filter((one) => one.isAccepted && one.before === undefined);
    const disagreements: unknown[] = [];
    let accepted = 0;
    for (let round = 0; round < 600; round += 1) {
      const source = sources[round % sources.length];
      if (source === undefined || !isFields(source.object)) throw new Error("no sources");
      const object = mutate(source.object, random);
      const answer = await create(object);
      const here = validateObject(object);
      const isAccepted = answer.status < 300;
      if (isAccepted) accepted += 1;
      const isSame = isAccepted === (here.problems.length === 0) && (!isAccepted || isDeepStrictEqual(fieldsOf(answer.body)["spec"], here.object?.spec));
      if (!isSame) disagreements.push({ seed, object, there: answer.text, here: here.problems });
    }
    expect(disagreements.slice(0, 3)).toEqual([]);
    expect(accepted).toBeGreaterThan(60);
    expect(accepted).toBeLessThan(540);
  }, 60_000);

  it("keeps every field of a status", async () => {
    const name = "status-kept";
    const collection = collectionOf({ kind: "LLMProvider" });
    const object = { apiVersion, kind: "LLMProvider", metadata: { name }, spec: { type: "OpenAI", auth: { secretRef: { name: "key" } } } };
    const made = await api.send("POST", collection, object);
    const status = {
      observedGeneration: 1,
      conditions: [{ type: "Accepted", status: "True", reason: "Accepted", message: "", observedGeneration: 1, lastTransitionTime: "2026-11-01T10:00:00Z" }],
      gateways: [{ name: "default", configVersion: "sha256:0", connected: 6, programmed: 5, rejected: 1 }],
      health: { state: "Degraded", gateways: [{ gateway: "default", state: "Degraded", errorPercent: 3, p95: "2s" }], benchedKeys: [{ name: "a", reason: "dead" }] },
    };
    const written = await api.send("PUT", `${collection}/${name}/status?fieldValidation=Strict`, { ...fieldsOf(made.body), status });
    await api.send("DELETE", `${collection}/${name}`);
    expect(written.status, written.text).toBe(200);
    expect(fieldsOf(written.body)["status"]).toEqual(status);
  });
});
