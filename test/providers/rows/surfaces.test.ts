// Every operation of every protocol that a row declares, asked by a client of that protocol, of a double that stands where the
// vendor's documentation has it: path, query, key and version are what it expects, and its answer comes back to the byte.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { catalogue } from "../../../dataplane/providers/catalogue.ts";
import type { Row } from "../../../dataplane/providers/row.ts";
import { protocolNames, type Provider as ProviderPart, type ProtocolName } from "../../../dataplane/snapshot/schema.ts";
import { startGateway, type GatewayDouble } from "../../doubles/gateway.ts";
import { reply } from "../../doubles/provider-replies.ts";
import { startProvider, type Provider } from "../../doubles/provider.ts";
import { ask } from "../../story/caller.ts";
import { MODEL, operations, type Operation } from "./operations.ts";
import { shops, type Shop, type Surface } from "./surfaces.ts";

vi.mock("google-auth-library", () => import("../../doubles/google-auth.ts"));

let provider: Provider;
let gateway: GatewayDouble;
const done = { asked: 0, counted: 0 };

beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway(null);
});
afterAll(async () => {
  process.stdout.write(`surfaces: ${shops.length} vendors' forms, ${cases.length} surfaces, ${done.asked} operations asked of them, ${done.counted} counts made here\n`);
  await gateway.close();
  await provider.close();
});

interface Case {
  readonly shop: Shop;
  readonly protocol: ProtocolName;
  readonly surface: Surface;
}

const ownProtocols: readonly ProtocolName[] = ["cohere", "dashscope", "ollama"];

const cases: readonly Case[] = shops.flatMap((shop) =>
  // No client speaks the vendors' own; rows.test.ts asks them through others.
  (Object.keys(shop.surfaces) as ProtocolName[]).filter((protocol) => !ownProtocols.includes(protocol)).map((protocol) => ({ shop, protocol, surface: shop.surfaces[protocol] as Surface })));

/** What is no request, as a socket is none, is tried where it is spoken. */
const isAsked = (protocol: ProtocolName): boolean => ownProtocols.includes(protocol) || operations.some((operation) => operation.protocol === protocol);

const serve = ({ shop: { type, at, auth, model }, protocol, surface }: Case): void => {
  const part: Partial<ProviderPart> = { type, ...(auth && { auth }), ...(surface.isNamed === true && { protocols: [protocol] }) };
  gateway.apply({
    providers: { one: provider.url + at },
    provider: part,
    targets: [{ name: "one", provider: "test/one", model: surface.model ?? model, weight: 1, priority: 0 }],
    credentials: { "test/id": "AKIDEXAMPLE" },
  });
};

/** Google has its versions behind an @, as it is. */
const inPath = (model: string): string => encodeURIComponent(model).replaceAll("%40", "@");

const targetOf = ({ shop: { query, model }, surface }: Case, { suffix, path }: Operation): string => {
  const called = `${surface.base}${surface.paths?.[suffix] ?? suffix}`.replace("{model}", inPath(surface.model ?? model));
  const queries = [path.split("?")[1], query].filter((one) => one !== undefined);
  return queries.length === 0 ? called : `${called}?${queries.join("&")}`;
};

const checkHead = ({ shop, protocol }: Case, { contentType, method }: Operation): void => {
  const request = provider.requests.at(-1);
  const [header, value] = shop.key;
  expect(request?.method).toBe(method);
  if (typeof value === "string") expect(request?.header(header)).toBe(value);
  else expect(request?.header(header)).toMatch(value);
  expect(request?.rawHeaders.map(([name]) => name.toLowerCase()).filter((name) => name.includes("key") || name === "authorization")).toEqual([header]);
  expect(request?.header("anthropic-version")).toBe(protocol === "anthropic-messages" && shop.hasVersionHeader !== false ? "2023-06-01" : undefined);
  if (contentType !== undefined) expect(request?.header("content-type")).toBe(contentType);
};

const usedModel = ({ shop, surface }: Case): string => surface.model ?? shop.model;

const tryOperation = async (one: Case, operation: Operation): Promise<void> => {
  const { path, method, body, contentType, answerType, isCount } = operation;
  const answer = isCount && one.surface.count !== undefined ? JSON.stringify(one.surface.count) : operation.answer;
  provider.use(reply({ body: answer, headers: { "content-type": answerType } }));
  const before = provider.requests.length;
  const got = await ask(gateway.url, { method, path, ...(body !== undefined && { body, headers: { "content-type": contentType } }) });
  expect([operation.name, got.status, got.status === 200 ? "" : got.text]).toEqual([operation.name, 200, ""]);
  if (isCount && one.surface.isUncounted === true) {
    done.counted++;
    expect(got.header("x-llmgw-estimated")).toBe("true");
    return expect(provider.requests.length).toBe(before);
  }
  done.asked++;
  expect(provider.requests.length).toBe(before + 1);
  expect([operation.name, provider.requests.at(-1)?.target]).toEqual([operation.name, targetOf(one, operation)]);
  checkHead(one, operation);
  expect(provider.requests.at(-1)?.body.toString() ?? "").not.toContain(`"${MODEL}"`);
  if (body?.includes(MODEL) === true && provider.requests.at(-1)?.body.includes("model") === true) expect(provider.requests.at(-1)?.body.toString()).toContain(usedModel(one));
  expect([operation.name, got.body.equals(Buffer.from(operation.answer)) ? "" : got.text]).toEqual([operation.name, ""]);
};

describe.each(cases.map((one) => ({ ...one, name: one.shop.name })))("$name", (one) => {
  it(`is asked where its documentation has ${one.protocol}, with its key, and what it says comes back`, async () => {
    serve(one);
    const asked = operations.filter(({ protocol, isKept }) => protocol === one.protocol && (!isKept || one.shop.keeps === true));
    expect(asked.length).toBeGreaterThan(0);
    for (const operation of asked) await tryOperation(one, operation);
  });
});

it("tries every protocol that a row declares, and no other without its owner's word", () => {
  for (const [type, row] of Object.entries(catalogue) as [Shop["type"], Row][]) {
    const surfaces = shops.filter((shop) => shop.type === type).flatMap((shop) => Object.entries(shop.surfaces) as [ProtocolName, Surface][]);
    const declared = protocolNames.filter((name) => surfaces.some(([protocol, { isNamed }]) => protocol === name && isNamed !== true));
    expect([type, row.protocols.filter(isAsked).toSorted()]).toEqual([type, declared.toSorted()]);
  }
});
