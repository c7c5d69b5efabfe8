// What a data plane process takes from its environment, and what it refuses to start with.
import { describe, expect, test } from "vitest";
import { readSettings } from "../../dataplane/settings.ts";

const least = { LLMGW_FEED: "unix:/run/feed.sock" };

describe("the settings of a data plane", () => {
  test("have defaults for all but the operator's address, and cannot be changed", () => {
    const { settings } = readSettings(least);
    expect(settings).toMatchObject({ host: "127.0.0.1", port: 8080, reusePort: false, adminHost: "127.0.0.1", adminPort: 9090, gateway: "default", feed: { socketFile: "/run/feed.sock" }, feedRetryMsMax: 10_000 });
    expect(settings).toMatchObject({ lastGood: undefined, tls: undefined, traces: undefined, feedTokenFile: undefined });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  test("are what the variables say", () => {
    const { settings } = readSettings({
      LLMGW_FEED: "http://127.0.0.1:7000", LLMGW_HOST: "::", LLMGW_PORT: "0", LLMGW_REUSE_PORT: "true", LLMGW_POD: "pod", LLMGW_POD_UID: "uid", LLMGW_LAST_GOOD_FILE: "/a", LLMGW_LAST_GOOD_KEY_FILE: "/b",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318", OTEL_TRACES_SAMPLER_ARG: "0.25", OTEL_SERVICE_NAME: "mine",
    });
    expect(settings).toMatchObject({ host: "::", port: 0, reusePort: true, pod: "pod", uid: "uid", lastGood: { file: "/a", keyFile: "/b" } });
    expect(settings?.feed.url?.port).toBe("7000");
    expect(settings?.traces).toMatchObject({ endpoint: "http://collector:4318", ratio: 0.25, resource: { "service.name": "mine" } });
  });

  test("bring the authority that an encrypted operator is trusted by", () => {
    expect(readSettings({ LLMGW_FEED: "https://operator:7443", LLMGW_FEED_CA_FILE: "may-come-later.crt" }).settings?.feed).toMatchObject({ caFile: "may-come-later.crt" });
    expect(readSettings({ LLMGW_FEED: "https://operator:7443" }).settings?.feed).not.toHaveProperty("caFile");
  });

  test("bring the certificate's two files where requests come encrypted", () => {
    expect(readSettings({ ...least, LLMGW_TLS_CERT_FILE: "/tls/tls.crt", LLMGW_TLS_KEY_FILE: "/tls/tls.key" }).settings?.tls).toEqual({ certificateFile: "/tls/tls.crt", keyFile: "/tls/tls.key" });
  });

  test("say who calls a sidecar without a key, which is nobody elsewhere", () => {
    expect(readSettings({ ...least, LLMGW_LOCAL_NAMESPACE: "team-a", LLMGW_LOCAL_ACCOUNT: "robot" }).settings?.localCaller).toEqual({ name: "team-a/robot", namespace: "team-a" });
    expect(readSettings({ ...least, LLMGW_LOCAL_NAMESPACE: "team-a", LLMGW_HOST: "::1" }).settings?.localCaller).toEqual({ name: "team-a/default", namespace: "team-a" });
    expect(readSettings(least).settings?.localCaller).toBeUndefined();
  });

  test.each([
    [{}, /LLMGW_FEED is ""; it must be the operator's address/],
    [{ LLMGW_FEED: "http://operator:7000" }, /LLMGW_FEED/],
    [{ LLMGW_FEED: "http://127.0.0.1.evil.example" }, /LLMGW_FEED/],
    [{ LLMGW_FEED: "unix:relative" }, /LLMGW_FEED/],
    [{ ...least, LLMGW_PORT: "70000" }, /LLMGW_PORT is "70000"; it must be a whole number from 0 to 65535/],
    [{ ...least, LLMGW_PORT: "8080x" }, /LLMGW_PORT/],
    [{ ...least, LLMGW_REUSE_PORT: "yes" }, /LLMGW_REUSE_PORT is "yes"; it must be true or false/],
    [{ ...least, LLMGW_LAST_GOOD_FILE: "/a" }, /must be set together/],
    [{ ...least, LLMGW_TLS_CERT_FILE: "/tls/tls.crt" }, /LLMGW_TLS_CERT_FILE and LLMGW_TLS_KEY_FILE must be set together: a certificate is shown with its key\. Set neither for plain HTTP/],
    [{ ...least, LLMGW_TLS_KEY_FILE: "/tls/tls.key" }, /must be set together/],
    [{ ...least, LLMGW_LOCAL_NAMESPACE: "team-a", LLMGW_HOST: "0.0.0.0" }, /LLMGW_HOST is "0.0.0.0"; with LLMGW_LOCAL_NAMESPACE it must be a loopback address/],
    [{ ...least, OTEL_EXPORTER_OTLP_ENDPOINT: "collector" }, /must be a URL/],
    [{ ...least, OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:1", OTEL_TRACES_SAMPLER_ARG: "2" }, /from 0 to 1/],
  ])("that are wrong are refused with what to write: %j", (environment, words) => {
    const { settings, problems } = readSettings(environment);
    expect(settings).toBeUndefined();
    expect(problems?.join("\n")).toMatch(words);
  });
});
