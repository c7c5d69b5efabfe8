// Questions of the API server and our answers, over TLS as it comes: a pod is admitted whatever happens.
import { Agent, request as ask } from "node:https";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Operation, Release } from "../../../operator/inject/pod.ts";
import { answerReview } from "../../../operator/inject/review.ts";
import { INJECT_PATH, startInjectServer, type InjectServer } from "../../../operator/inject/server.ts";
import { issueLeaf, makeAuthority, type Issued } from "../../../operator/publish/issue.ts";
import { patched, podOf, release } from "./pods.ts";

const pods = { group: "", version: "v1", kind: "Pod" };
const reviewOf = (object: unknown, changes: object = {}): object => ({
  apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "u-1", kind: pods, operation: "CREATE", namespace: "team-a", object, ...changes },
});

interface Response {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patchType?: string;
  readonly patch?: string;
  readonly warnings?: readonly string[];
}

const responseIn = (body = ""): Response => {
  const { apiVersion, kind, response } = JSON.parse(body) as { apiVersion: string; kind: string; response: Response };
  expect([apiVersion, kind]).toEqual(["admission.k8s.io/v1", "AdmissionReview"]);
  return response;
};

const answer = (review: unknown, given: () => Release = release): Response => responseIn(answerReview(JSON.stringify(review), given)?.body);

describe("the answer to a review", () => {
  it("admits the pod with its patch", () => {
    const pod = podOf();
    const { uid, allowed, patchType, patch = "", warnings } = answer(reviewOf(pod));
    expect([uid, allowed, patchType, warnings]).toEqual(["u-1", true, "JSONPatch", undefined]);
    const operations = JSON.parse(Buffer.from(patch, "base64").toString()) as Operation[];
    expect(patched(pod, operations).spec.initContainers?.[0]?.name).toBe("llm-gateway");
  });

  it.each([
    ["another kind", { kind: { group: "apps", version: "v1", kind: "Deployment" } }], ["another verb", { operation: "UPDATE" }], ["a part of a pod", { subResource: "ephemeralcontainers" }],
  ])("leaves %s alone", (_, changes) => {
    expect(answer(reviewOf(podOf(), changes))).toEqual({ uid: "u-1", allowed: true });
  });

  it("carries warnings no longer than they are shown", () => {
    expect(answer(reviewOf(podOf({ hostNetwork: true }))).warnings).toHaveLength(1);
    const [long = ""] = answer(reviewOf(podOf({ volumes: Array.from({ length: 20 }, () => ({ name: "llm-gateway-state" })) }))).warnings ?? [];
    expect(long).toHaveLength(240);
  });

  it("admits the pod also when we fail", () => {
    const reviewed = answerReview(JSON.stringify(reviewOf(podOf())), () => {
      throw new Error("broken");
    });
    expect(reviewed).toMatchObject({ outcome: "failed", problem: "broken" });
    expect(responseIn(reviewed?.body)).toEqual({ uid: "u-1", allowed: true, warnings: ["the pod has no llm-gateway sidecar: the operator failed to make one"] });
  });

  it.each([["no JSON", "{"], ["no review", "{}"], ["a review of another version", JSON.stringify({ ...reviewOf(podOf()), apiVersion: "admission.k8s.io/v1beta1" })], ["a review without an id", JSON.stringify(reviewOf(podOf(), { uid: "" }))]])("is none to %s", (_, text) => {
    expect(answerReview(text, release)).toBeUndefined();
  });
});

interface Serving {
  readonly server: InjectServer;
  readonly outcomes: string[];
  readonly authority: Issued;
}

const now = Date.now();
const span = { from: now - 60_000, to: now + 3_600_000 };

const start = async (): Promise<Serving> => {
  const outcomes: string[] = [];
  const server = await startInjectServer({ host: "127.0.0.1", port: 0, release, observe: (outcome) => outcomes.push(outcome), say: () => undefined });
  onTestFinished(() => server.close());
  return { server, outcomes, authority: await makeAuthority("authority", span) };
};

const pairOf = async (authority: Issued): Promise<{ cert: string; key: string }> => {
  const { certificate: cert, key } = await issueLeaf(authority, ["localhost"], span);
  return { cert, key };
};

const post = (port: number, ca: string, body: string, path = INJECT_PATH, method = "POST", agent: Agent | false = false): Promise<{ status: number; text: string; connection: string | undefined }> =>
  new Promise((resolve, reject) => {
    const asking = ask({ host: "localhost", port, path, method, ca, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece)).on("end", () => resolve({ status: response.statusCode ?? 0, text, connection: response.headers.connection }));
    });
    asking.on("error", reject).end(body);
  });

describe("the port for reviews", () => {
  it("answers over TLS, counts outcomes, and keeps nothing else there", async () => {
    const { server, outcomes, authority } = await start();
    server.serve(await pairOf(authority));
    const asked = (body: string, path?: string, method?: string) => post(server.port, authority.certificate, body, path, method);
    const { status, text } = await asked(JSON.stringify(reviewOf(podOf())));
    expect([status, responseIn(text).patchType]).toEqual([200, "JSONPatch"]);
    expect((await asked(JSON.stringify(reviewOf({ ...podOf(), metadata: {} })))).status).toBe(200);
    expect((await asked("{}")).status).toBe(400);
    expect((await asked("x".repeat(9_000_000))).status).toBe(413);
    expect((await asked("", "/metrics")).status).toBe(404);
    expect((await asked("", INJECT_PATH, "GET")).status).toBe(405);
    expect(outcomes).toEqual(["injected", "untouched", "malformed", "malformed"]);
  });

  it("answers on when it is retired, once for each connection", async () => {
    const { server, authority } = await start();
    server.serve(await pairOf(authority));
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const asked = () => post(server.port, authority.certificate, JSON.stringify(reviewOf(podOf())), INJECT_PATH, "POST", agent);
    expect(await asked()).toMatchObject({ status: 200, connection: "keep-alive" });
    server.retire();
    expect(await asked()).toMatchObject({ status: 200, connection: "close" });
  });

  it("lets nobody in before it has a certificate, and shows a new one from the next handshake on", async () => {
    const { server, authority } = await start();
    const text = JSON.stringify(reviewOf(podOf()));
    await expect(post(server.port, authority.certificate, text)).rejects.toThrow();
    server.serve(await pairOf(authority));
    expect((await post(server.port, authority.certificate, text)).status).toBe(200);
    const other = await makeAuthority("another", span);
    server.serve(await pairOf(other));
    expect((await post(server.port, other.certificate, text)).status).toBe(200);
    await expect(post(server.port, authority.certificate, text)).rejects.toThrow();
  });
});
