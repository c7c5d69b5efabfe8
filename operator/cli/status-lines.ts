// An overview of the data planes as lines for a person. Pure.
import type { Overview } from "../status/overview.ts";

type Plane = Overview["dataPlanes"][number];

const VERSION_CHARACTERS = 12;
const PROBLEMS_TOLD_MAX = 5;

export const statusLines = ({ operator, time, gateways, dataPlanes }: Overview): string[] => {
  const now = Date.parse(time);
  return [
    `operator ${operator.pod} leads, build ${operator.build}, epoch ${operator.epoch}`,
    ...gateways.map(({ name, version, publishedAt, current, counted }) => {
      const when = publishedAt === undefined ? "" : `, published ${spanOf(now - Date.parse(publishedAt))} ago`;
      return `gateway ${name} has version ${short(version)}${when}; ${current} of ${counted} pods that serve run it`;
    }),
    "",
    ...(dataPlanes.length === 0 ? ["no data plane serves or is connected"] : table([HEAD, ...dataPlanes.map((plane) => rowOf(plane, now))])),
    ...dataPlanes.flatMap(refusalLines),
  ];
};

const HEAD = ["GATEWAY", "NAMESPACE", "POD", "STATE", "VERSION", "SINCE", "LAG", "BUILD"];

const rowOf = ({ gateway, namespace, pod, state, isServing, version, since, lagMs, build }: Plane, now: number): string[] => [
  gateway, namespace ?? "-", pod, isServing ? state : `${state}, not serving`, short(version),
  since === undefined ? "-" : spanOf(now - Date.parse(since)), lagMs === undefined ? "-" : spanOf(lagMs), build ?? "-",
];

const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
};

const refusalLines = ({ pod, rejection }: Plane): string[] => {
  if (rejection === undefined) return [];
  const told = rejection.problems.slice(0, PROBLEMS_TOLD_MAX).map((problem) => `  ${[problem.object, problem.path, problem.message].filter((word) => word !== "").join(": ")}`);
  const untold = rejection.problems.length - told.length;
  return ["", `${pod} refused version ${short(rejection.version)}:`, ...told, ...(untold > 0 ? [`  and ${untold} more`] : [])];
};

const short = (version: string): string => (version === "" ? "-" : version.slice(0, VERSION_CHARACTERS));

const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000]] as const;

/** The two largest parts: "3m12s", "2d4h", "45ms". */
export const spanOf = (givenMs: number): string => {
  const spanMs = Math.max(0, Math.round(givenMs));
  const index = UNITS.findIndex(([, unitMs]) => spanMs >= unitMs);
  if (index < 0) return `${spanMs}ms`;
  const [[unit, unitMs], next] = [UNITS[index] as (typeof UNITS)[number], UNITS[index + 1]];
  const rest = next === undefined ? 0 : Math.floor((spanMs % unitMs) / next[1]);
  return `${Math.floor(spanMs / unitMs)}${unit}${rest === 0 || next === undefined ? "" : `${rest}${next[0]}`}`;
};
