// Where a process spends its time: the functions with the most self time of a CPU profile, per request.
import { fileURLToPath } from "node:url";
import { relative } from "node:path";

export interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number } }[];
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const placeOf = ({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string => {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.startsWith("file://") ? relative(ROOT, fileURLToPath(url)) : url;
  return `${name}  ${file}:${lineNumber + 1}`;
};

export const topOf = (profile: Profile, requests: number, count = 40): string[] => {
  const places = new Map(profile.nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  const micros = new Map<string, number>();
  profile.samples?.forEach((id, index) => {
    const place = places.get(id) ?? "";
    micros.set(place, (micros.get(place) ?? 0) + (profile.timeDeltas?.[index] ?? 0));
  });
  // Neither waiting nor the profiler itself is work.
  for (const place of micros.keys()) if (place === "(idle)" || place.includes("node:inspector")) micros.delete(place);
  const total = [...micros.values()].reduce((sum, value) => sum + value, 0);
  const sorted = [...micros].toSorted(([, left], [, right]) => right - left).slice(0, count);
  const rows = sorted.map(([place, value]) => `${(value / requests).toFixed(2).padStart(8)} µs ${((100 * value) / total).toFixed(1).padStart(5)} %  ${place}`);
  return [`${(total / requests).toFixed(2).padStart(8)} µs of busy time per request in all`, ...rows];
};
