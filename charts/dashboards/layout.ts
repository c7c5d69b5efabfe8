// A dashboard from its rows of panels and its variables. Each panel's description says by which variables it cannot be narrowed,
// so that nobody takes the whole for a part. More panels, for more of the gateway, are more rows here.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder, VariableRefresh, VariableSort,
  type Dashboard, type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { datasource, drawn, type Panel } from "./panels.ts";

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly says: string;
  /** Where its values are found: a metric with its labels. */
  readonly of: string;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Plan {
  readonly uid: string;
  readonly title: string;
  readonly says: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}

const TAG = "llm-gateway";

export const dashboardOf = (plan: Plan): Dashboard => {
  const builder = new DashboardBuilder(plan.title)
    .uid(plan.uid).description(plan.says).tags([TAG]).time({ from: "now-1h", to: "now" }).refresh("30s").timezone("browser").editable().tooltip(DashboardCursorSync.Crosshair)
    .link(new DashboardLinkBuilder("LLM Gateway").type(DashboardLinkType.Dashboards).tags([TAG]).asDropdown(false).includeVars(true).keepTime(true))
    .variables([datasourceVariable(), ...plan.variables.map(variableOf)]);
  let id = 0;
  for (const row of plan.rows) {
    builder.withRow(new RowBuilder(row.title).id((id += 1)));
    for (const panel of row.panels) builder.withPanel(drawn(panel, (id += 1), noteOf(panel, plan.variables)));
  }
  return builder.build();
};

const datasourceVariable = (): Builder<VariableModel> => new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus");

// All is everything, the series without the label too: a Prometheus on a laptop knows no namespaces.
const variableOf = ({ name, label, says, of }: Variable): Builder<VariableModel> => {
  const query = `label_values(${of}, ${name})`;
  return new QueryVariableBuilder(name)
    .label(label).description(says).datasource(datasource).query({ query, refId: name }).definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc)
    .multi(true).includeAll(true).allValue(".*").current({ selected: true, text: ["All"], value: ["$__all"] });
};

const noteOf = ({ queries }: Panel, variables: readonly Variable[]): string => {
  const others = variables.filter(({ name }) => !queries.some(({ ask }) => ask.includes(`$${name}`))).map(({ label }) => label);
  return others.length === 0 ? "" : `Not narrowed by: ${others.join(", ")}.`;
};
