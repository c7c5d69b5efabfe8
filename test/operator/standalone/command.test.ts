// The command line in the same process: flags, help, and words for what is wrong with them.
import { describe, expect, test } from "vitest";
import { helpOf, readArguments, UsageError, type Command } from "../../../operator/cli/command.ts";
import { nearest } from "../../../operator/cli/nearest.ts";
import { childEnvironment, cloudEnvironment, stateHome } from "../../../operator/settings.ts";

const command: Command = {
  name: "serve",
  says: "Serves.",
  operands: "[DIR]",
  flags: { port: { value: "N", says: "Port.", otherwise: "80" }, state: { value: "DIR", says: "State." }, quiet: { says: "Says less." } },
  run: async () => 0,
};
const read = (...words: string[]) => readArguments(command, words);

describe("flags", () => {
  test("are read in both spellings, and have their defaults", () => {
    expect(read().text("port")).toBe("80");
    expect(read("--port", "81").count("port", 0, 100)).toBe(81);
    expect(read("--port=82").count("port", 0, 100)).toBe(82);
    expect(read("--state=").text("state")).toBe("");
    expect(read("--quiet", "dir").isSet("quiet")).toBe(true);
    expect(read("a", "--quiet", "b", "--", "--c").operands).toEqual(["a", "b", "--c"]);
  });

  test.each([
    [["--prot", "1"], /unknown flag --prot\. Did you mean --port\?/],
    [["--zzz"], /^unknown flag --zzz\.$/],
    [["-port", "1"], /unknown flag -port\. Did you mean --port\?/],
    [["--__proto__"], /unknown flag --__proto__/],
    [["--port"], /--port needs a value: --port N/],
    [["--port", "--quiet"], /--port needs a value/],
    [["--quiet=yes"], /--quiet takes no value/],
  ])("that are wrong are refused in words: %j", (words, message) => {
    expect(() => read(...words)).toThrow(message);
    expect(() => read(...words)).toThrow(UsageError);
  });

  test.each(["x", "-1", "1.5", "101", "1e2", ""])("that should be a number and are %j are refused", (value) => {
    expect(() => read(`--port=${value}`).count("port", 0, 100)).toThrow(/must be a whole number from 0 to 100/);
  });

  test("are all in the help", () => {
    expect(helpOf(command).join("\n")).toMatch(/llmgw serve \[flags\] \[DIR\][^]*--port N +Port\. Default: 80\.[^]*--quiet +Says less\./);
  });

  test("a command without operands refuses them", () => {
    expect(() => readArguments({ ...command, operands: "" }, ["x"])).toThrow(/"x" is too much/);
  });
});

describe("the nearest word", () => {
  test.each([["prot", "port"], ["admin-prot", "admin-port"], ["manifest", "manifests"], ["worker", "workers"], ["hots", "host"]])("for %s is %s", (word, near) => {
    expect(nearest(word, ["port", "admin-port", "manifests", "workers", "host"])).toBe(near);
  });
  test("is none when nothing is near", () => {
    expect(nearest("elephant", ["port", "host"])).toBeUndefined();
    expect(nearest("x", [])).toBeUndefined();
  });
});

describe("the surroundings", () => {
  test("of a child process hold no key", () => {
    const given = { PATH: "/bin", OPENAI_API_KEY: "sk-1", AWS_SECRET_ACCESS_KEY: "x", OTEL_SERVICE_NAME: "s", LLMGW_PORT: "9" };
    expect(childEnvironment({ LLMGW_PORT: "80" }, given)).toEqual({ NODE_COMPILE_CACHE: expect.stringMatching(/llm-gateway\/compile-cache$/), PATH: "/bin", OTEL_SERVICE_NAME: "s", LLMGW_PORT: "80" });
  });
  test("of a data plane hold the identity of whoever runs it, and no other key", () => {
    const given = { PATH: "/bin", OPENAI_API_KEY: "sk-1", AWS_PROFILE: "llm", GOOGLE_APPLICATION_CREDENTIALS: "a.json", AZURE_CLIENT_ID: "c", HTTPS_PROXY: "http://p", no_proxy: "x", MY_AWS_KEY: "y" };
    expect(Object.keys(cloudEnvironment(given)).toSorted()).toEqual(["AWS_PROFILE", "AZURE_CLIENT_ID", "GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY", "no_proxy"]);
  });
  test("say where state is kept", () => {
    expect(stateHome({ XDG_STATE_HOME: "/x" })).toBe("/x/llm-gateway");
    expect(stateHome({ XDG_STATE_HOME: "" })).toMatch(/\.local\/state\/llm-gateway$/);
  });
});
