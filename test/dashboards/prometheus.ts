// A Prometheus of our own for the length of a test: what it scrapes and with which labels, which rules it runs, and what it answers.
// Without one on the path the tests that need it skip, with the reason.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { eventually, freePort } from "../operator/standalone/running.ts";

export const whyNoPrometheus = spawnSync("prometheus", ["--version"]).status === 0 ? "" : "there is no prometheus here; Debian has it in the package prometheus";

export interface Scraped {
  readonly job: string;
  /** host:port of a page /metrics. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the number; numbers only. */
  readonly points: readonly (readonly [at: number, value: number])[];
}

interface Answered {
  readonly status: string;
  readonly error?: string;
  readonly data: unknown;
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

interface RuleHealth {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

export interface Prometheus {
  readonly address: string;
  /** Every series that the question finds now. */
  instant(ask: string): Promise<Series[]>;
  /** The last seconds, a point each second. */
  range(ask: string, seconds: number): Promise<Series[]>;
  /** Every rule that it runs, with what went wrong the last time. */
  rules(): Promise<RuleHealth[]>;
  /** Addresses that it could not scrape, with the reason. */
  unreachable(): Promise<string[]>;
}

const settingsFor = (scraped: readonly Scraped[]): string =>
  JSON.stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ["recording.yaml", "alerts.yaml"],
    scrape_configs: scraped.map(({ job, address, labels }, index) => ({ job_name: `${job}-${index}`, static_configs: [{ targets: [address], labels }], relabel_configs: [{ target_label: "job", replacement: job }] })),
  });

export const startPrometheus = async (scraped: readonly Scraped[], rules: Readonly<Record<string, string>>): Promise<Prometheus> => {
  const folder = mkdtempSync(join(tmpdir(), "llmgw-prometheus-"));
  for (const [name, text] of Object.entries({ ...rules, "prometheus.yaml": settingsFor(scraped) })) writeFileSync(join(folder, name), text);
  const port = await freePort();
  // It looks for what to scrape five seconds after its start unless it is told otherwise.
  const words = [`--config.file=${join(folder, "prometheus.yaml")}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`, "--log.level=warn", "--scrape.discovery-reload-interval=100ms"];
  const child = spawn("prometheus", words, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  });
  const address = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended: ${said}`);
    return fetch(`${address}/-/ready`).then(({ ok }) => ok, () => false);
  }, "prometheus");
  return asked(address);
};

const asked = (address: string): Prometheus => {
  const ask = async (path: string, words: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = (await (await fetch(`${address}/api/v1/${path}?${new URLSearchParams(words).toString()}`)).json()) as Answered;
    if (answer.status !== "success") throw new Error(`${words["query"] ?? path}: ${answer.error ?? "no reason given"}`);
    return answer.data;
  };
  const series = async (path: string, words: Readonly<Record<string, string>>): Promise<Series[]> => {
    const { result } = (await ask(path, words)) as { result: readonly RawSeries[] };
    const all = result.map(({ metric, value, values }) => ({ labels: metric, points: (values ?? (value === undefined ? [] : [value])).map(([at, text]) => [at, Number(text)] as const).filter(([, number]) => Number.isFinite(number)) }));
    return all.filter(({ points }) => points.length > 0);
  };
  return {
    address,
    instant: (query) => series("query", { query }),
    range: (query, seconds) => {
      const end = Math.floor(Date.now() / 1000);
      return series("query_range", { query, start: String(end - seconds), end: String(end), step: "1" });
    },
    rules: async () => ((await ask("rules", {})) as { groups: readonly { readonly rules: readonly RuleHealth[] }[] }).groups.flatMap(({ rules }) => rules),
    unreachable: async () => {
      const { activeTargets } = (await ask("targets", {})) as { activeTargets: readonly { scrapeUrl: string; health: string; lastError: string }[] };
      return activeTargets.filter(({ health }) => health !== "up").map(({ scrapeUrl, health, lastError }) => `${scrapeUrl} is ${health}: ${lastError}`);
    },
  };
};
