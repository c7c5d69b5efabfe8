// The pieces that the dashboards' questions to Prometheus are made of: which series, and how they are narrowed by the variables.
// It knows names of metrics, recorded ones too, and nothing of panels.

/** In which pods: labels of the scrape, so a Prometheus without them finds everything. */
export const place = 'namespace=~"$namespace",gateway=~"$gateway"';
/** What the histograms of the request path can be narrowed by. */
export const path = `${place},route=~"$route",provider=~"$provider"`;
/** What the counter of requests can be narrowed by. */
export const requests = `${path},team=~"$team"`;
/** What the counter of tokens can be narrowed by. */
export const tokens = `${place},route=~"$route",team=~"$team"`;
/** The operator has no gateway of its own. */
export const operator = 'namespace=~"$namespace"';

/** Requests that did not get what they asked for though nothing was wrong with them; the recording rules use the same words. */
export const FAILED = 'code=~"UPSTREAM_.+|TIMEOUT_.+|ADMIT_OVERLOADED|ADMIT_NO_SNAPSHOT|ROUTE_NO_TARGET|INTERNAL",code!="UPSTREAM_REJECTED"';
/** Those of them that are the provider's doing. */
export const PROVIDER_FAILED = 'code=~"UPSTREAM_.+|TIMEOUT_.+",code!="UPSTREAM_REJECTED"';

export const rate = (metric: string, narrowed: string): string => `rate(${metric}{${narrowed}}[$__rate_interval])`;
export const increase = (metric: string, narrowed: string): string => `increase(${metric}{${narrowed}}[$__range])`;

export const sumBy = (labels: string, inner: string): string => (labels === "" ? `sum(${inner})` : `sum by (${labels}) (${inner})`);

/** A label that is empty gets a word, so that the legend has one. */
export const called = (label: string, word: string, inner: string): string => `label_replace(${inner}, "${label}", "${word}", "${label}", "")`;

/** From buckets that the recording rules keep; only where there were requests at all. */
export const quantile = (share: number, labels: string, recorded: string, narrowed = path): string =>
  `histogram_quantile(${share}, ${sumBy(labels === "" ? "le" : `${labels}, le`, `${recorded}{${narrowed}}`)}) >= 0`;

/** The same from a histogram as it was scraped. */
export const quantileOf = (share: number, labels: string, metric: string, narrowed: string): string =>
  `histogram_quantile(${share}, ${sumBy(labels === "" ? "le" : `${labels}, le`, rate(`${metric}_bucket`, narrowed))}) >= 0`;

/** Part of the whole by label: 0 where there is a whole and no part. */
export const share = (labels: string, part: string, whole: string): string => `(${sumBy(labels, part)} or 0 * ${sumBy(labels, whole)}) / ${sumBy(labels, whole)} >= 0`;

/** Every try at a provider: the last one of each request, and those that others followed. */
export const attempts = (narrowed: string): string => `(${rate("llmgw_requests_total", `${narrowed},provider!=""`)} or ${rate("llmgw_failovers_total", narrowed)})`;

/** Only of the processes that also have the series `mark`: the names of process metrics are everybody's. */
export const ofProcesses = (mark: string, expression: string): string => `${expression} and on (job, instance) ${mark}`;
