// A panel as a few lines of data, and what Grafana's own builders make of it: lines, areas, a number, a table.
// It knows how things look; what is asked stands in the dashboards.
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueColorMode, BigValueGraphMode, GraphThresholdsStyleMode, LegendDisplayMode, LegendPlacement, ReduceDataOptionsBuilder, SortOrder, StackingConfigBuilder, StackingMode,
  TableSortByFieldStateBuilder, TooltipDisplayMode, VisibilityMode, VizLegendOptionsBuilder, VizTooltipOptionsBuilder, GraphThresholdsStyleConfigBuilder, type DataSourceRef,
} from "@grafana/grafana-foundation-sdk/common";
import { FieldColorBuilder, FieldColorModeId, ThresholdsConfigBuilder, ThresholdsMode, type Panel as Drawn, type Threshold } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as NumberBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as LinesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { BytesIEC, BytesPerSecondIEC, EventsPerSecond, PercentUnit, RequestsPerSecond, Seconds, Short } from "@grafana/grafana-foundation-sdk/units";

export const units = { requests: RequestsPerSecond, events: EventsPerSecond, tokens: "count:tok/s", seconds: Seconds, bytes: BytesIEC, bytesPerSecond: BytesPerSecondIEC, share: PercentUnit, processors: PercentUnit, count: Short } as const;
export type Unit = keyof typeof units;

export interface Query {
  readonly ask: string;
  /** What a series is called: Grafana's {{label}}. Of a table: the column's title. */
  readonly legend: string;
  /** A table's column only. */
  readonly unit?: Unit;
}

/** Colours by value: from the first limit on orange, from the second on red. */
export type Limits = readonly [orange: number, red: number];

export interface Panel {
  readonly title: string;
  readonly says: string;
  readonly draw: "lines" | "areas" | "number" | "table";
  readonly unit: Unit;
  /** Of 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  /** What stands there when there is nothing. */
  readonly empty: string;
  readonly limits?: Limits;
  /** A table's first column: the label that rows are for. */
  readonly rowsOf?: string;
  /** Number: what means good is 0 or this; anything else is red. */
  readonly expected?: number;
}

const NUMBER_HEIGHT = 4;
const HEIGHT = 8;
const COLOURS = { good: "green", doubtful: "orange", bad: "red" } as const;

export const datasource: DataSourceRef = { type: "prometheus", uid: "${datasource}" };

/** `note` is added to the description. */
export const drawn = (panel: Panel, id: number, note: string): Builder<Drawn> => {
  const builder = panel.draw === "number" ? numberOf(panel) : panel.draw === "table" ? tableOf(panel) : linesOf(panel);
  const described = builder
    .id(id).title(panel.title).description(note === "" ? panel.says : `${panel.says}\n\n${note}`).datasource(datasource)
    .span(panel.width).height(panel.draw === "number" ? NUMBER_HEIGHT : HEIGHT)
    .unit(units[panel.unit]).noValue(panel.empty)
    .targets(panel.queries.map((query, index) => targetOf(panel, query, index)));
  // A process may use more than one processor for a moment; other shares are of a whole.
  return panel.unit === "share" && panel.draw === "lines" ? described.max(1) : described;
};

const refId = (index: number): string => "ABCDEFGHIJ".charAt(index);

const targetOf = ({ draw }: Panel, { ask, legend }: Query, index: number): DataqueryBuilder => {
  const query = new DataqueryBuilder().refId(refId(index)).datasource(datasource).expr(ask).legendFormat(legend);
  return draw === "table" ? query.instant().format(PromQueryFormat.Table) : query.range();
};

const thresholds = (steps: readonly Threshold[]): ThresholdsConfigBuilder => new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]);

const stepsOf = ({ limits, expected }: Panel): Threshold[] => {
  if (expected !== undefined) {
    const [below, above] = [{ value: null, color: COLOURS.bad }, { value: expected + 1, color: COLOURS.bad }];
    return [below, { value: expected, color: COLOURS.good }, above];
  }
  const [orange, red] = limits ?? [];
  if (orange === undefined || red === undefined) return [{ value: null, color: "text" }];
  // The first is worse than the second where less is worse.
  const colours = orange < red ? [COLOURS.good, COLOURS.doubtful, COLOURS.bad] : [COLOURS.bad, COLOURS.doubtful, COLOURS.good];
  return [null, Math.min(orange, red), Math.max(orange, red)].map((value, index) => ({ value, color: colours[index] ?? COLOURS.bad }));
};

const linesOf = (panel: Panel): LinesBuilder => {
  const isStacked = panel.draw === "areas";
  const builder = new LinesBuilder()
    .min(0).lineWidth(1).fillOpacity(isStacked ? 35 : 8).showPoints(VisibilityMode.Never)
    .stacking(new StackingConfigBuilder().mode(isStacked ? StackingMode.Normal : StackingMode.None))
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.Table).placement(LegendPlacement.Bottom).showLegend(true).calcs(["mean", "max", "lastNotNull"]).sortBy("Max").sortDesc(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (panel.limits === undefined) return builder;
  return builder.thresholds(thresholds(stepsOf(panel))).thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
};

const numberOf = (panel: Panel): NumberBuilder =>
  new NumberBuilder()
    .graphMode(BigValueGraphMode.Area).colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(thresholds(stepsOf(panel)));

/** One row for each value of a label, one column for each query. */
const tableOf = (panel: Panel): TableBuilder => {
  const label = panel.rowsOf ?? "";
  const columns = panel.queries.map(({ legend, unit }, index) => ({ field: `Value #${refId(index)}`, legend, unit: units[unit ?? panel.unit] }));
  const builder = new TableBuilder()
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries([label, ...columns.map(({ field }) => field)].map((field, index) => [field, index])),
        renameByName: Object.fromEntries([[label, titleOf(label)], ...columns.map(({ field, legend }) => [field, legend])]),
      },
    });
  for (const { legend, unit } of columns) builder.overrideByName(legend, [{ id: "unit", value: unit }]);
  const first = columns[0];
  return first === undefined ? builder : builder.sortBy([new TableSortByFieldStateBuilder().displayName(first.legend).desc(true)]);
};

const titleOf = (label: string): string => label.slice(0, 1).toUpperCase() + label.slice(1);
