// The variables that the dashboards share: what can be chosen depends on what was chosen before.
// Which of them a dashboard has, it says itself.
import type { Variable } from "./layout.ts";

const narrowed = (metric: string, ...names: readonly string[]): string => `${metric}{${names.map((name) => `${name}=~"$${name}"`).join(",")}}`;

export const namespace: Variable = { name: "namespace", label: "Namespace", says: "Namespace of the pods, as Prometheus scraped them.", of: "llmgw_build_info" };
export const operatorNamespace: Variable = { ...namespace, of: '{__name__=~"llmgw_build_info|llmgw_operator_ready"}' };
export const gateway: Variable = { name: "gateway", label: "Gateway", says: "Named group of data planes.", of: narrowed("llmgw_build_info", "namespace") };
export const route: Variable = { name: "route", label: "Route", says: "LLMRoute, as namespace/name.", of: narrowed("llmgw_requests_total", "namespace", "gateway") };
// A provider that others always answered instead of is the last one of no request.
export const provider: Variable = { name: "provider", label: "Provider", says: "LLMProvider, as namespace/name.", of: '{__name__=~"llmgw_requests_total|llmgw_failovers_total",namespace=~"$namespace",gateway=~"$gateway",route=~"$route"}' };
export const team: Variable = { name: "team", label: "Team", says: "Team of the caller, from the label on the Secret with the caller's key.", of: narrowed("llmgw_requests_total", "namespace", "gateway", "route") };
