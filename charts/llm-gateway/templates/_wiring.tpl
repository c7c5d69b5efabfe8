{{- /* What the operator and the data planes must agree on. */ -}}

{{- define "llm-gateway.audience" -}}{{ include "llm-gateway.operator" . }}.{{ .Release.Namespace }}{{- end -}}

{{- /* Where data planes find the operator. */ -}}
{{- define "llm-gateway.feed" -}}https://{{ include "llm-gateway.operator" . }}.{{ .Release.Namespace }}.svc:9443{{- end -}}

{{- /* Of the whole cluster, and so with the namespace in it; and in each namespace that is open to sidecars. */ -}}
{{- define "llm-gateway.webhook" -}}{{ .Release.Namespace }}-{{ include "llm-gateway.operator" . }}{{- end -}}
{{- define "llm-gateway.sidecarBundle" -}}{{ .Release.Namespace }}-{{ include "llm-gateway.bundle" . }}{{- end -}}

{{- /* What all sidecars have in common, as JSON. */ -}}
{{- define "llm-gateway.sidecar" -}}
{{- $values := .Values.sidecar -}}
{{- $gateways := include "llm-gateway.gateways" . | fromYaml -}}
{{- $gateway := default (ternary "default" (keys $gateways | sortAlpha | first) (hasKey $gateways "default")) $values.gateway -}}
{{- if not (hasKey $gateways $gateway) -}}
{{- fail (printf "sidecar.gateway is %s, and there is no gateways.%s" $gateway $gateway) -}}
{{- end -}}
{{- if eq (int $values.port) (int $values.adminPort) -}}
{{- fail (printf "sidecar.port and sidecar.adminPort are both %d; a sidecar needs two" (int $values.port)) -}}
{{- end -}}
{{- $secrets := list -}}
{{- range $values.imagePullSecrets }}{{ $secrets = append $secrets .name }}{{ end -}}
{{- $sidecar := dict
  "image" (include "llm-gateway.image" (dict "root" . "name" "dataplane"))
  "pullPolicy" .Values.image.pullPolicy
  "pullSecrets" $secrets
  "gateway" $gateway
  "port" (int $values.port)
  "adminPort" (int $values.adminPort)
  "feed" (include "llm-gateway.feed" .)
  "bundle" (include "llm-gateway.sidecarBundle" .)
  "resources" $values.resources
  "env" $values.extraEnv
-}}
{{- range $from, $to := dict "runAsUser" "user" "runAsGroup" "group" -}}
{{- with get $.Values.podSecurityContext $from }}{{ $_ := set $sidecar $to (int .) }}{{ end -}}
{{- end -}}
{{- toJson $sidecar -}}
{{- end -}}

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
