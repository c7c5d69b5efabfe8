// `npm run generate`: writes the dashboards that the chart ships, from the plans beside this file.
// It decides nothing; `generated()` is what the tests compare with the files.
import { writeFile } from "node:fs/promises";
import { fleetDashboard } from "./fleet.ts";
import { dashboardOf } from "./layout.ts";
import { providersDashboard } from "./providers.ts";
import { trafficDashboard } from "./traffic.ts";

export const dashboards = { traffic: dashboardOf(trafficDashboard), providers: dashboardOf(providersDashboard), fleet: dashboardOf(fleetDashboard) } as const;

/** File name to text. */
export const generated = (): Record<string, string> => Object.fromEntries(Object.entries(dashboards).map(([name, dashboard]) => [`${name}.json`, `${JSON.stringify(dashboard, null, 1)}\n`]));

if (import.meta.main) {
  for (const [name, text] of Object.entries(generated())) await writeFile(new URL(`../llm-gateway/dashboards/${name}`, import.meta.url), text);
}
