// Values: what is wrong is refused in words that name it, the schema leaves nothing open, and it agrees with the gateway's own settings.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { gatewaySettings } from "../../crds/gateway-settings.ts";
import { chart, helms, refusalOf, whyNoHelm } from "./helm.ts";

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly description?: string;
  readonly $ref?: string;
  readonly [word: string]: unknown;
}

const schema = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8")) as Schema;
const values = load(readFileSync(join(chart, "values.yaml"), "utf8")) as Record<string, unknown>;

const below = (at: string, one: Schema): [string, Schema][] => [
  [at, one],
  ...Object.entries({ ...one.properties, ...one.patternProperties, ...one.definitions }).flatMap(([name, inner]) => below(`${at}/${name}`, inner)),
  ...(one.items === undefined ? [] : below(`${at}[]`, one.items)),
  ...(typeof one.additionalProperties === "object" ? below(`${at}/*`, one.additionalProperties) : []),
];

const isObject = ({ type }: Schema): boolean => type === "object" || (Array.isArray(type) && type.includes("object"));
const isOpen = (one: Schema): boolean => isObject(one) && (one.additionalProperties === undefined || one.additionalProperties === true);

describe("the schema of the values", () => {
  const objects = below("", schema);

  it("refuses unknown names in every object, apart from parts of Kubernetes' own API that are passed on as they are", () => {
    const open = objects.filter(([, one]) => isOpen(one));
    expect(open.filter(([, one]) => one.description?.startsWith("Passed on as it is: ") !== true).map(([at]) => at)).toEqual([]);
    expect(open.map(([at]) => at.replace(/^\/definitions/, "")).filter((at) => !/^\/(?:volumes\[\]|volumeSource|affinity)\//.test(at))).toEqual(["/global"]);
  });

  it("finds an object that was left open", () => {
    expect(isOpen({ type: "object", properties: { a: { type: "string" } } })).toBe(true);
    expect(isOpen({ type: "object", additionalProperties: { type: "string" } })).toBe(false);
  });

  it("knows every value that values.yaml shows, and values.yaml shows every value of it", () => {
    const gateway = schema.definitions?.["gateway"]?.properties ?? {};
    expect(Object.keys(values).toSorted()).toEqual(Object.keys(schema.properties ?? {}).filter((name) => name !== "global").toSorted());
    expect(Object.keys(values["gatewayDefaults"] as object).toSorted()).toEqual(Object.keys(gateway).toSorted());
    expect(Object.keys(values["operator"] as object).toSorted()).toEqual(Object.keys(schema.properties?.["operator"]?.properties ?? {}).toSorted());
  });

  it("has a comment for every value in values.yaml that is no group", () => {
    const lines = readFileSync(join(chart, "values.yaml"), "utf8").split("\n");
    const top = lines.flatMap((line, index) => (/^\w+:/.test(line) ? [[line, lines[index - 1] ?? ""] as const] : []));
    expect(top.filter(([line, before]) => !line.endsWith(":") && !before.startsWith("#")).map(([line]) => line)).toEqual([]);
  });

  it("says of the gateway's settings what the operator says of them", () => {
    const words = ["type", "properties", "items", "minimum", "maximum", "minLength", "maxLength", "maxItems", "additionalProperties"];
    const resolved = (one: Schema): Schema => (one.$ref === undefined ? one : (schema.definitions?.[one.$ref.replace("#/definitions/", "")] ?? {}));
    const bare = (given: Schema): unknown => {
      const one = resolved(given);
      const kept = Object.entries(one).filter(([word]) => words.includes(word) && word !== "minLength" && word !== "maxLength");
      return Object.fromEntries(kept.map(([word, value]) => [word, word === "properties" ? Object.fromEntries(Object.entries(value as Record<string, Schema>).map(([name, inner]) => [name, bare(inner)])) : word === "items" ? bare(value as Schema) : value]));
    };
    const own = z.toJSONSchema(gatewaySettings, { io: "input" }) as Schema;
    expect(bare(schema.definitions?.["settings"] ?? {})).toEqual(bare(own));
    expect(resolved({ $ref: "#/definitions/duration" })["pattern"]).toBe(own.properties?.["drainTime"]?.["pattern"]);
  });
});

const wrong: readonly (readonly [what: string, words: readonly string[], ...said: string[]])[] = [
  ["a name that does not exist", ["--set", "imag.tag=dev"], "additional properties 'imag' not allowed"],
  ["a misspelt value of a gateway", ["--set", "gateways.default.replcas=3"], "at '/gateways/default'", "'replcas' not allowed"],
  ["a misspelt setting", ["--set", "gateways.default.settings.anonymus=true"], "at '/gateways/default/settings'", "'anonymus' not allowed"],
  ["a misspelt name deep inside", ["--set", "networkPolicy.clients[0].podSelector.matchLabel.a=b"], "'matchLabel' not allowed"],
  ["a word where a number belongs", ["--set", "operator.replicas=two"], "at '/operator/replicas': got string, want integer"],
  ["a number out of its range", ["--set", "gateways.default.settings.limits.headerCount=1"], "at '/gateways/default/settings/limits/headerCount'", "minimum"],
  ["a kind of Service that there is not", ["--set", "gateways.default.service.type=External"], "must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"],
  ["an address range that is none", ["--set", "gateways.default.settings.privateRanges={300.0.0.0/8}"], "'300.0.0.0/8' does not match"],
  ["a duration in words", ["--set", "gateways.default.settings.drainTime=5minutes"], "'5minutes' does not match"],
  ["no time to drain", ["--set", "gateways.default.settings.drainTime=0s"], "gateways.default.settings.drainTime is 0s; it must be longer than 0s and at most 24h"],
  ["a drain of two days", ["--set", "gateways.default.settings.drainTime=48h"], "at most 24h"],
  ["a gateway's name with capitals", ["--set", "gateways.Default.replicas=1"], "at '/gateways': additional properties 'Default' not allowed"],
  ["a gateway called like the chart's own", ["--set", "gateways.operator.replicas=1"], "gateways.operator: a gateway cannot have this name"],
  ["no gateway at all", ["--set", "gateways.default=null"], "at '/gateways': minProperties: got 0, want 1"],
  ["fewer pods at most than at least", ["--set", "gateways.default.autoscaling.enabled=true,gateways.default.autoscaling.maxReplicas=1"], "minReplicas (2) is more than maxReplicas (1)"],
  ["scaling by nothing", ["--set", "gateways.default.autoscaling.enabled=true,gateways.default.autoscaling.cpuUtilization=0"], "set cpuUtilization or openRequests above 0"],
  ["an Ingress without a host", ["--set", "gateways.default.ingress.enabled=true"], "gateways.default.ingress.hosts: name at least one host"],
  ["an HTTPRoute without a parent", ["--set", "gateways.default.httpRoute.enabled=true"], "gateways.default.httpRoute.parentRefs: name the Gateway"],
  ["a load balancer's class on a ClusterIP", ["--set", "gateways.default.service.loadBalancerClass=a/b"], "are for type LoadBalancer, and the type is ClusterIP"],
  ["a gateway called like the webhook's Service", ["--set", "gateways.injector.replicas=1"], "gateways.injector: a gateway cannot have this name"],
  ["sidecars of a gateway that is not there", ["--set", "sidecar.gateway=other"], "sidecar.gateway is other, and there is no gateways.other"],
  ["one port for two purposes", ["--set", "sidecar.adminPort=14080"], "sidecar.port and sidecar.adminPort are both 14080"],
  ["a policy of failure that there is not", ["--set", "sidecar.failurePolicy=Maybe"], "at '/sidecar/failurePolicy'"],
  ["a demo on a gateway that is not there", ["--set", "demo.enabled=true,demo.gateway=other"], "demo.gateway is other, and there is no gateways.other"],
  ["a demo that nobody would watch", ["--set", "demo.enabled=true,watch.namespaces={team-a}"], "demo.enabled: the demo's providers and routes are in the namespace llm-system; add it to watch.namespaces"],
  ["a port of the API server that is none", ["--set", "networkPolicy.apiServerPorts={0}"], "at '/networkPolicy/apiServerPorts/0'"],
  ["a digest that is none", ["--set", "image.digests.operator=sha256:12"], "at '/image/digests/operator'"],
  ["a share of traces beyond one", ["--set-string", "gateways.default.traces.share=1.5"], "at '/gateways/default/traces/share'"],
  ["root as the user", ["--set", "podSecurityContext.runAsUser=0"], "at '/podSecurityContext/runAsUser'"],
  ["a right for something that is nobody", ["--set", "rbac.status.subjects[0].kind=Team,rbac.status.subjects[0].name=a"], "at '/rbac/status/subjects/0/kind'"],
  ["one namespace twice", ["--set", "watch.namespaces={a,a}"], "at '/watch/namespaces'"],
];

describe.skipIf(whyNoHelm !== "")(`wrong values${whyNoHelm && ` (${whyNoHelm})`}`, () => {
  it.each(helms.flatMap((program) => wrong.map(([what, words, ...said]) => ({ program, what, words, said }))))("are refused in words by $program: $what", ({ program, words, said }) => {
    const refusal = refusalOf(words, program);
    expect(said.filter((part) => !refusal.includes(part)), refusal).toEqual([]);
  });

  it.each(helms)("are not found in the defaults by %s", (program) => {
    expect(refusalOf([], program)).toBe("");
  });
});
