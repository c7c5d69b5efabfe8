// Tokens of data planes against an API server that is played: every answer that a TokenReview can have, and none.
import { describe, expect, test } from "vitest";
import { audienceIn, startAuthentication, type Fleet, type ReviewStatus } from "../../../operator/publish/authenticate.ts";
import { fakeClock } from "../../doubles/clock.ts";

const MINUTE = 60_000;
const AUDIENCE = "llm-gateway-operator";

const tokenOf = (claims: object): string => ["head", Buffer.from(JSON.stringify(claims)).toString("base64url"), "signature"].join(".");

const good: ReviewStatus = {
  authenticated: true,
  audiences: [AUDIENCE],
  user: { username: "system:serviceaccount:llm-system:gateway", extra: { "authentication.kubernetes.io/pod-name": ["pod-a"], "authentication.kubernetes.io/pod-uid": ["uid-a"] } },
};

const started = (review: (token: string) => Promise<ReviewStatus>) => {
  const clock = fakeClock();
  const asked: string[] = [];
  const authorize = startAuthentication({
    review: (token, audience) => {
      asked.push(`${token.slice(0, 20)} for ${audience}`);
      return review(token);
    },
    audience: AUDIENCE,
    speaksFor: ({ namespace, name }, gateway) => (namespace === "llm-system" && name === "gateway" ? { gateway } : { refusal: "not-yours", message: "no" }),
    clock,
  });
  return { clock, asked, show: (token: string) => authorize(`Bearer ${token}`), authorize };
};

describe("a data plane's token", () => {
  test("is reviewed for the operator's own audience, and proves the pod and what it speaks for", async () => {
    const { clock, show, asked } = started(async () => good);
    const expiresAt = Math.floor(clock.now() / 1000) + 3600;
    const verdict = await show(tokenOf({ exp: expiresAt }));
    if ("refusal" in verdict) throw new Error(verdict.message);
    expect(verdict).toMatchObject({ pod: "pod-a", uid: "uid-a", expiresAt: expiresAt * 1000 });
    expect(verdict.speaksFor?.("default")).toEqual({ gateway: "default" });
    expect(asked[0]).toMatch(/ for llm-gateway-operator$/);
  });

  test.each<[string, ReviewStatus, string]>([
    ["that the API server does not know", { authenticated: false, error: "invalid bearer token" }, "not-authenticated"],
    ["for another audience", { ...good, audiences: ["https://kubernetes.default.svc"] }, "other-audience"],
    ["of an API server that does not tell audiences", { authenticated: true, ...(good.user && { user: good.user }) }, "other-audience"],
    ["of a person", { ...good, user: { username: "jane" } }, "not-yours"],
    ["that is bound to no pod", { ...good, user: { username: "system:serviceaccount:llm-system:gateway" } }, "no-pod"],
    ["that names a pod without its uid", { ...good, user: { username: "system:serviceaccount:llm-system:gateway", extra: { "authentication.kubernetes.io/pod-name": ["pod-a"] } } }, "no-pod"],
  ])("%s is refused", async (_, status, refusal) => {
    const { show } = started(async () => status);
    const token = tokenOf({});
    const verdict = await show(token);
    expect(verdict).toMatchObject({ refusal });
    expect(JSON.stringify(verdict)).not.toContain(token);
  });

  test.each([undefined, "", "Basic dTpw", "Bearer ", "Bearer two words", `Bearer ${"x".repeat(20_000)}`])("that is none is refused without asking anybody: %s", async (authorization) => {
    const { authorize, asked } = started(async () => good);
    expect(await authorize(authorization)).toMatchObject({ refusal: "no-token" });
    expect(asked).toEqual([]);
  });

  test("is reviewed once a minute at most, and once for many who show it at the same time", async () => {
    const { clock, show, asked } = started(async () => good);
    await Promise.all([show("a.b.c"), show("a.b.c"), show("a.b.c")]);
    clock.advance(MINUTE - 1);
    await show("a.b.c");
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await show("a.b.c");
    expect(asked).toHaveLength(2);
  });

  test("is not remembered beyond its own end", async () => {
    const { clock, show, asked } = started(async () => good);
    const token = tokenOf({ exp: clock.now() / 1000 - 50 });
    await show(token);
    clock.advance(11_000);
    await show(token);
    expect(asked).toHaveLength(2);
  });

  test("that was refused is looked at again soon", async () => {
    let status: ReviewStatus = { authenticated: false };
    const { clock, show } = started(async () => status);
    expect(await show("a.b.c")).toMatchObject({ refusal: "not-authenticated" });
    status = good;
    expect(await show("a.b.c")).toMatchObject({ refusal: "not-authenticated" });
    clock.advance(10_000);
    expect(await show("a.b.c")).toMatchObject({ pod: "pod-a" });
  });

  test("is good for ten more minutes while nobody can be asked, if it was good before; an unknown one is not", async () => {
    let isDown = false;
    const { clock, show } = started(async () => {
      if (isDown) throw new Error("connection refused");
      return good;
    });
    await show("known.b.c");
    isDown = true;
    clock.advance(9 * MINUTE);
    expect(await show("known.b.c")).toMatchObject({ pod: "pod-a" });
    expect(await show("unknown.b.c")).toMatchObject({ refusal: "unavailable", message: expect.stringContaining("connection refused") });
    clock.advance(2 * MINUTE);
    expect(await show("known.b.c")).toMatchObject({ refusal: "unavailable" });
    isDown = false;
    expect(await show("known.b.c")).toMatchObject({ pod: "pod-a" });
  });

  test("waits for its turn when very many come at once", async () => {
    let open = 0;
    let most = 0;
    const { show } = started(async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return good;
    });
    const verdicts = await Promise.all(Array.from({ length: 200 }, (_, index) => show(`t${index}.b.c`)));
    expect(verdicts.every((verdict) => !("refusal" in verdict))).toBe(true);
    expect(most).toBeLessThanOrEqual(32);
  });
});

describe("what a service account speaks for", () => {
  const fleet: Fleet = {
    gateways: new Map([["llm-system/gateway-default", ["default"]], ["llm-system/gateway-batch", ["batch", "night"]], ["team-a/default", ["default"]]]),
    isOpenToSidecars: (namespace) => namespace === "team-a",
    podOf: (_, { name }) => {
      const [kind, gateway = ""] = name.split(" of ");
      return kind === "unknown" ? undefined : { gateway, isInjected: kind === "sidecar" };
    },
  };

  test.each<[string, string, string, string, object]>([
    ["llm-system", "gateway-default", "pod of default", "default", { gateway: "default" }],
    ["llm-system", "gateway-default", "unknown", "default", { gateway: "default" }],
    ["llm-system", "gateway-default", "pod of batch", "default", { refusal: "other-gateway" }],
    ["llm-system", "gateway-default", "pod of batch", "batch", { refusal: "not-yours" }],
    ["llm-system", "gateway-batch", "pod of night", "night", { gateway: "night" }],
    ["llm-system", "somebody", "pod of default", "default", { refusal: "not-yours" }],
    ["llm-system", "somebody", "sidecar of default", "default", { refusal: "not-yours" }],
    ["llm-system", "gateway-default", "sidecar of default", "default", { refusal: "not-yours" }],
    ["team-a", "app", "sidecar of default", "default", { gateway: "default", namespace: "team-a" }],
    ["team-a", "app", "sidecar of batch", "default", { refusal: "other-gateway" }],
    ["team-a", "app", "pod of default", "default", { refusal: "no-sidecar" }],
    ["team-a", "app", "unknown", "default", { refusal: "no-sidecar" }],
    ["team-a", "gateway-default", "sidecar of default", "default", { gateway: "default", namespace: "team-a" }],
    ["team-a", "default", "sidecar of default", "default", { gateway: "default", namespace: "team-a" }],
    ["team-a", "default", "pod of default", "default", { gateway: "default" }],
    ["team-b", "app", "sidecar of default", "default", { refusal: "not-yours" }],
  ])("%s/%s in a %s, of the gateway %s → %j", (namespace, name, pod, gateway, expected) => {
    const verdict = audienceIn(fleet, { namespace, name }, gateway, { name: pod, uid: "u" });
    if ("refusal" in expected) expect(verdict).toMatchObject({ ...expected, message: expect.stringMatching(/^.{20,}/) as string });
    else expect(verdict).toEqual(expected);
  });
});
