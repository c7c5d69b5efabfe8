{{- /* What the operator and the data planes must agree on. */ -}}

{{- define "llm-gateway.audience" -}}{{ include "llm-gateway.operator" . }}.{{ .Release.Namespace }}{{- end -}}

{{- /* The first gateway's address family tells which one the cluster has. */ -}}
{{- define "llm-gateway.anyAddress" -}}{{ .Values.gatewayDefaults.listenAddress }}{{- end -}}

{{- /* Which account may speak for which gateway: NAMESPACE/ACCOUNT=GATEWAY, with commas between them. */ -}}
{{- define "llm-gateway.accounts" -}}
{{- $root := . -}}
{{- $accounts := list -}}
{{- range $name, $values := include "llm-gateway.gateways" . | fromYaml -}}
{{- $accounts = append $accounts (printf "%s/%s=%s" $root.Release.Namespace (include "llm-gateway.gatewayAccount" (dict "root" $root "name" $name "values" $values)) $name) -}}
{{- end -}}
{{- join "," $accounts -}}
{{- end -}}
