// The README's chapter about clusters, word for word: its `sh` blocks are run as they stand, in their order, on a cluster
// without a release and without the kinds; then the end that it describes. What is said between the blocks is not looked at.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { kubectl, root, run, tryRun, until } from "./commands.ts";
import { collectEvidence } from "./evidence.ts";
import { SYSTEM } from "./namespaces.ts";
import { REGISTRY, RELEASE, TAG, uninstall } from "./release.ts";

const CHAPTER = "## On a cluster";
/** The namespace that the chapter has people make. */
const TEAM = "my-team";
/** Were done before: the images that are on the nodes came from them. */
const DONE = /^npm (?:ci|run images)$/;

const chapter = ((text: string): string => {
  const after = text.slice(text.indexOf(`\n${CHAPTER}\n`) + 1);
  return after.slice(0, after.indexOf("\n## "));
})(readFileSync(join(root, "README.md"), "utf8"));

const blocks = [...chapter.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, lines = ""]) => lines.split("\n").filter((line) => !DONE.test(line)).join("\n").trim()).filter((block) => block !== "");
const theEnd = [...chapter.matchAll(/`((?:helm uninstall|kubectl delete crd) [^`]+)`/g)].map(([, command = ""]) => command);
const isOf = (words: string) => (block: string): boolean => block.includes(words);

const whyNot = REGISTRY === "localhost/llm-gateway" && TAG === "dev" ? "" : ` (skipped: the images here are ${REGISTRY}/…:${TAG}, and not those that the chapter names)`;

const { LLMGW_HELM: helm } = process.env;
const typed = (lines: string): Promise<string> => run("sh", ["-ec", `${helm === undefined ? "" : `helm() { ${helm} "$@"; }\n`}${lines}`], "", 240_000);

const ourKinds = async (): Promise<string[]> => (await kubectl("get", "crd", "--output", "name")).split("\n").filter((name) => name.endsWith(".llmgateway.io"));

/** What came as a stream of the OpenAI protocol, whatever was printed around it. */
const wordsIn = (printed: string): string =>
  printed.split("\n").filter((line) => line.startsWith("data: {")).map((line) => (JSON.parse(line.slice(6)) as { choices: readonly { delta?: { content?: string } }[] }).choices[0]?.delta?.content ?? "").join("");

beforeEach(({ onTestFailed, task }) => {
  onTestFailed(async () => {
    process.stdout.write(`evidence: ${await collectEvidence(task.name)}\n`);
  });
});

describe.runIf(whyNot === "")(`the README's chapter about clusters${whyNot}`, () => {
  const printed = new Map<string, string>();
  let isTeamOurs = false;

  beforeAll(async () => {
    await uninstall();
    for (const name of await ourKinds()) await kubectl("delete", name);
    if ((await tryRun("kubectl", ["get", "namespace", TEAM])).code === 0) throw new Error(`the namespace ${TEAM} is there and was not made by these tests; use another cluster`);
    isTeamOurs = true;
    vi.stubEnv("OPENAI_API_KEY", "a-key-of-nobody");
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    // The chapter's own words do not wait for the last pod, and whoever comes next should not meet it.
    await until("the end of the pods", async () => ((await kubectl("--namespace", SYSTEM, "get", "pods", "--selector", `app.kubernetes.io/instance=${RELEASE}`, "--output", "name")) === "" ? true : undefined), 120_000);
    if (isTeamOurs) await kubectl("delete", "namespace", TEAM, "--ignore-not-found", "--timeout=120s");
  });

  it("has blocks that install, ask, and apply, in this order, and says how it ends", () => {
    const places = ["helm install", "demo-chat", "kind: LLMRoute"].map((words) => blocks.findIndex(isOf(words)));
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(places).not.toContain(-1);
    expect(theEnd.map((command) => command.split(" ").slice(0, 2).join(" "))).toEqual(["helm uninstall", "kubectl delete"]);
  });

  it.each(blocks.map((block) => [block.split("\n")[0] ?? "", block]))("has a block that does what it says: %s …", async (_, block) => {
    printed.set(block, await typed(block));
    expect(printed.get(block)).not.toBe("");
  });

  it("has led to a streamed answer with words", () => {
    const answer = printed.get(blocks.find(isOf("demo-chat")) ?? "") ?? "";
    expect(wordsIn(answer)).toMatch(/[a-z]+ [a-z]+ [a-z]+/i);
    expect(answer.split("\n").filter((line) => line.startsWith("data: {")).length).toBeGreaterThan(3);
    expect(answer).toContain("data: [DONE]");
  });

  it("has led to a route that is in force", async () => {
    const said = printed.get(blocks.find(isOf("kind: LLMRoute")) ?? "") ?? "";
    expect(said).toContain("llmroute.llmgateway.io/chat condition met");
    expect(said).toMatch(/llmprovider\S*\/openai |^openai /m);
    expect(await kubectl("--namespace", TEAM, "get", "llmroute/chat", "--output", 'jsonpath={.status.conditions[?(@.type=="Programmed")].status}')).toBe("True");
  });

  it("ends as it says: first the kinds and the objects stay, then they go", async () => {
    const [goes = "", deletes = ""] = theEnd;
    await typed(goes);
    expect(await ourKinds()).toHaveLength(3);
    expect(await kubectl("--namespace", TEAM, "get", "llmroute/chat", "--output", "name")).toContain("chat");
    await typed(deletes);
    await until("the end of the kinds", async () => ((await ourKinds()).length === 0 ? true : undefined));
  });
});
