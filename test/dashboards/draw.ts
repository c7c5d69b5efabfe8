// Draws panels as Grafana would, near enough to judge them by eye: units, legends with mean, maximum and last, limits, stacks, and what
// stands there when there is nothing. One page of HTML for each dashboard; a browser makes a picture of it.
import type { Drawn } from "./drawn.ts";
import type { Series } from "./prometheus.ts";

export interface Line {
  readonly name: string;
  /** Which of the panel's questions it answers. */
  readonly refId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: Series["points"];
}

/** As a legend's pattern says; the labels in braces where there is none. */
export const nameOf = (legend: string, labels: Readonly<Record<string, string>>): string => legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "").trim();

const scaled = (value: number, base: number, words: readonly string[]): string => {
  let [size, step] = [value, 0];
  while (Math.abs(size) >= base && step < words.length - 1) [size, step] = [size / base, step + 1];
  return `${digits(size)}${words[step] ?? ""}`;
};

const digits = (value: number): string => (value === 0 ? "0" : Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 1 ? String(Number(value.toFixed(2))) : String(Number(value.toPrecision(3))));

const seconds = (value: number): string => {
  const size = Math.abs(value);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${digits(value * 1e6)} µs`;
  if (size < 1) return `${digits(value * 1000)} ms`;
  const steps = [[60, 1, "s"], [3600, 60, "mins"], [86_400, 3600, "hours"], [604_800, 86_400, "days"], [31_536_000, 604_800, "weeks"]] as const;
  const step = steps.find(([below]) => size < below);
  return step === undefined ? `${digits(value / 31_536_000)} years` : `${digits(value / step[1])} ${step[2]}`;
};

const COUNTS = ["", "K", "M", "B", "T"];
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];
const formats: Readonly<Record<string, (value: number) => string>> = {
  short: (value) => scaled(value, 1000, ["", " K", " Mil", " Bil", " Tri"]),
  reqps: (value) => scaled(value, 1000, COUNTS.map((size) => `${size} req/s`)),
  eps: (value) => scaled(value, 1000, COUNTS.map((size) => `${size} evt/s`)),
  "count:tok/s": (value) => scaled(value, 1000, COUNTS.map((size) => `${size} tok/s`)),
  bytes: (value) => scaled(value, 1024, BYTES.map((size) => ` ${size}`)),
  binBps: (value) => scaled(value, 1024, BYTES.map((size) => ` ${size}/s`)),
  percentunit: (value) => `${digits(value * 100)}%`,
  s: seconds,
};

/** Throws for a unit that nobody has looked at. */
export const shown = (value: number, unit: string): string => {
  const format = formats[unit];
  if (format === undefined) throw new Error(`no words for the unit ${unit}`);
  return format(value);
};

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const colours = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffa6b0", "#96d98d", "#ca95e5", "#fade2a", "#37872d"];
const named: Readonly<Record<string, string>> = { green: "#73bf69", orange: "#ff9830", red: "#f2495c", text: "#ccccdc" };
const colourAt = (index: number): string => colours[index % colours.length] ?? "#fff";
const last = (points: Series["points"]): number => points.at(-1)?.[1] ?? 0;

/** Adds up what lies below, second by second. */
const stacked = (lines: readonly Line[]): { readonly line: Line; readonly from: Series["points"]; readonly to: Series["points"] }[] => {
  const floor = new Map<number, number>();
  return lines.map((line) => {
    const from = line.points.map(([at]) => [at, floor.get(at) ?? 0] as const);
    const to = line.points.map(([at, value]) => [at, (floor.get(at) ?? 0) + value] as const);
    for (const [at, value] of to) floor.set(at, value);
    return { line, from, to };
  });
};

const AXIS = 70;

const linesOf = (panel: Drawn, lines: readonly Line[], width: number, height: number): string => {
  const all = panel.isStacked ? stacked(lines) : lines.map((line) => ({ line, from: [], to: line.points }));
  const points = all.flatMap(({ to }) => to);
  const [start, end] = [Math.min(...points.map(([at]) => at)), Math.max(...points.map(([at]) => at))];
  const limits = panel.thresholds.filter(({ value }) => value !== null && lines.length > 0 && value <= 3 * Math.max(...points.map((point) => point[1])));
  const top = panel.max ?? (Math.max(...points.map((point) => point[1]), ...limits.map(({ value }) => value ?? 0)) * 1.1 || 1);
  const x = (at: number): string => (AXIS + ((at - start) / Math.max(1, end - start)) * (width - AXIS - 8)).toFixed(1);
  const y = (value: number): string => (height - 6 - (value / top) * (height - 14)).toFixed(1);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => `<line x1="${AXIS}" x2="${width}" y1="${y(top * share)}" y2="${y(top * share)}" stroke="#2c2f36"/><text x="${AXIS - 6}" y="${Number(y(top * share)) + 4}" text-anchor="end">${escaped(shown(top * share, panel.unit))}</text>`);
  const drawn = all.map(({ from, to }, index) => {
    const path = to.map(([at, value]) => `${x(at)},${y(value)}`).join(" ");
    const area = panel.isStacked ? `<polygon points="${path} ${from.toReversed().map(([at, value]) => `${x(at)},${y(value)}`).join(" ")}" fill="${colourAt(index)}" opacity="0.35"/>` : "";
    return `${area}<polyline points="${path}" fill="none" stroke="${colourAt(index)}" stroke-width="1.5"/>`;
  });
  const dashes = limits.map(({ value, color }) => `<line x1="${AXIS}" x2="${width}" y1="${y(value ?? 0)}" y2="${y(value ?? 0)}" stroke="${named[color] ?? color}" stroke-dasharray="6 4"/>`);
  return `<svg width="${width}" height="${height}">${[...ticks, ...drawn, ...dashes].join("")}</svg>`;
};

const legendOf = (panel: Drawn, lines: readonly Line[]): string => {
  const rows = lines.map(({ name, points }, index) => {
    const values = points.map(([, value]) => value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return `<tr><td><i style="background:${colourAt(index)}"></i>${escaped(name)}</td>${[mean, Math.max(...values), last(points)].map((value) => `<td class="n">${escaped(shown(value, panel.unit))}</td>`).join("")}</tr>`;
  });
  return `<table class="legend"><tr><th></th><th>Mean</th><th>Max</th><th>Last *</th></tr>${rows.join("")}</table>`;
};

const numberOf = (panel: Drawn, lines: readonly Line[]): string => {
  const value = last(lines[0]?.points ?? []);
  const step = panel.thresholds.findLast(({ value: from }) => from === null || value >= from);
  return `<div class="number" style="color:${named[step?.color ?? "text"] ?? "#ccc"}">${escaped(shown(value, panel.unit))}</div>`;
};

const tableOf = (panel: Drawn, lines: readonly Line[]): string => {
  const label = Object.keys(lines[0]?.labels ?? {})[0] ?? "";
  const rows = [...new Set(lines.map(({ labels }) => labels[label] ?? ""))];
  const cell = (row: string, refId: string, unit: string): string => {
    const found = lines.find((line) => line.refId === refId && line.labels[label] === row);
    return `<td class="n">${found === undefined ? "" : escaped(shown(last(found.points), unit))}</td>`;
  };
  const body = rows.map((row) => `<tr><td>${escaped(row)}</td>${panel.targets.map(({ refId, legendFormat }) => cell(row, refId, panel.columns[legendFormat] ?? panel.unit)).join("")}</tr>`);
  return `<table class="wide"><tr><th>${label}</th>${panel.targets.map(({ legendFormat }) => `<th class="n">${escaped(legendFormat)}</th>`).join("")}</tr>${body.join("")}</table>`;
};

const UNIT_X = 66;
const UNIT_Y = 38;

const panelOf = (panel: Drawn, lines: readonly Line[]): string => {
  const [width, height] = [panel.place.w * UNIT_X - 26, panel.place.h * UNIT_Y];
  const inside = lines.length === 0 ? `<div class="empty">${escaped(panel.empty)}</div>`
    : panel.type === "stat" ? numberOf(panel, lines)
    : panel.type === "table" ? tableOf(panel, lines)
    : linesOf(panel, lines, width, Math.round(height * 0.5)) + legendOf(panel, lines);
  return `<div class="panel" style="left:${panel.place.x * UNIT_X}px;top:${panel.place.y * UNIT_Y}px;width:${width + 16}px;height:${height - 10}px" title="${escaped(panel.description)}"><h3>${escaped(panel.title)}</h3>${inside}</div>`;
};

const STYLE = `body{background:#111217;color:#ccccdc;font:12px Inter,Arial,sans-serif;position:relative;margin:8px}svg text{fill:#9fa7b3;font-size:11px}
.panel{position:absolute;background:#181b1f;border:1px solid #2c2f36;overflow:hidden;box-sizing:border-box;padding:4px 6px}h3{margin:2px 0 4px;font-size:13px;font-weight:500}
.number{font-size:30px;text-align:center;padding-top:24px}.empty{color:#8e8e9e;text-align:center;padding-top:60px}table{width:100%;border-collapse:collapse;font-size:11px}
th{text-align:left;color:#6e9fff;font-weight:400}.n{text-align:right}.legend th:not(:first-child){text-align:right}i{display:inline-block;width:12px;height:3px;margin-right:6px;vertical-align:middle}
.row{position:absolute;left:0;font-size:15px;font-weight:500}`;

/** A whole page; `linesOf` gives what a panel's questions found. */
export const pageOf = (title: string, panels: readonly Drawn[], found: (panel: Drawn) => readonly Line[]): string => {
  const rows = [...Map.groupBy(panels, ({ row }) => row)].map(([row, own]) => `<div class="row" style="top:${Math.min(...own.map(({ place }) => place.y)) * UNIT_Y - 24}px">⌄ ${escaped(row)}</div>`);
  const height = Math.max(...panels.map(({ place }) => place.y + place.h)) * UNIT_Y;
  return `<!doctype html><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style><body style="height:${height}px">${[...rows, ...panels.map((panel) => panelOf(panel, found(panel)))].join("\n")}`;
};
