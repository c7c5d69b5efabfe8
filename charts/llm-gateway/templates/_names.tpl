{{- /* Names and labels. Everything that two templates must agree on is here. */ -}}

{{- define "llm-gateway.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "llm-gateway.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llm-gateway.operator" -}}{{ include "llm-gateway.fullname" . }}-operator{{- end -}}
{{- define "llm-gateway.injector" -}}{{ include "llm-gateway.fullname" . }}-injector{{- end -}}
{{- define "llm-gateway.demo" -}}{{ include "llm-gateway.fullname" . }}-demo{{- end -}}
{{- define "llm-gateway.settings" -}}{{ include "llm-gateway.fullname" . }}-gateways{{- end -}}
{{- define "llm-gateway.authority" -}}{{ include "llm-gateway.fullname" . }}-authority{{- end -}}
{{- define "llm-gateway.bundle" -}}{{ include "llm-gateway.fullname" . }}-authority-bundle{{- end -}}
{{- define "llm-gateway.sealKey" -}}{{ default (printf "%s-last-good-key" (include "llm-gateway.fullname" .)) .Values.lastGoodKey.existingSecret }}{{- end -}}

{{- define "llm-gateway.operatorAccount" -}}
{{- if .Values.operator.serviceAccount.name -}}{{ .Values.operator.serviceAccount.name -}}
{{- else if .Values.operator.serviceAccount.create -}}{{ include "llm-gateway.operator" . -}}
{{- else -}}default{{- end -}}
{{- end -}}

{{- /* Of one gateway: a dict with root, name and values. */ -}}
{{- define "llm-gateway.gatewayName" -}}{{ include "llm-gateway.fullname" .root }}-{{ .name }}{{- end -}}
{{- define "llm-gateway.gatewayService" -}}
{{- if .values.service.name -}}{{ .values.service.name -}}
{{- else if eq .name "default" -}}{{ include "llm-gateway.fullname" .root -}}
{{- else -}}{{ include "llm-gateway.gatewayName" . -}}{{- end -}}
{{- end -}}
{{- define "llm-gateway.gatewayAccount" -}}
{{- if .values.serviceAccount.name -}}{{ .values.serviceAccount.name -}}
{{- else if .values.serviceAccount.create -}}{{ include "llm-gateway.gatewayName" . -}}
{{- else -}}default{{- end -}}
{{- end -}}

{{- /* Empty: it speaks plain HTTP. */ -}}
{{- define "llm-gateway.tlsSecret" -}}
{{- if .values.tls.secretName -}}{{ .values.tls.secretName -}}
{{- else if .values.tls.certManager.issuerRef.name -}}{{ include "llm-gateway.gatewayName" . }}-tls{{- end -}}
{{- end -}}
{{- /* Also the name of its port. */ -}}
{{- define "llm-gateway.scheme" -}}{{ ternary "http" "https" (eq (include "llm-gateway.tlsSecret" .) "") }}{{- end -}}
{{- define "llm-gateway.serviceHost" -}}{{ include "llm-gateway.gatewayService" . }}.{{ .root.Release.Namespace }}.svc{{- end -}}
{{- define "llm-gateway.host" -}}{{ default (include "llm-gateway.serviceHost" .) .values.tls.hostname }}{{- end -}}
{{- define "llm-gateway.address" -}}
{{- $scheme := include "llm-gateway.scheme" . -}}
{{- $port := int .values.service.port -}}
{{ $scheme }}://{{ include "llm-gateway.host" . }}{{ if ne $port (ternary 80 443 (eq $scheme "http")) }}:{{ $port }}{{ end }}
{{- end -}}

{{- /* Every gateway with its own values over the defaults, by name, as YAML. */ -}}
{{- define "llm-gateway.gateways" -}}
{{- $root := . -}}
{{- $gateways := dict -}}
{{- range $name, $own := .Values.gateways -}}
{{- if ne (typeOf $own) "<nil>" -}}
{{- if has $name (list "operator" "injector" "demo" "gateways" "authority") -}}
{{- fail (printf "gateways.%s: a gateway cannot have this name, because the chart's own objects have it; choose another" $name) -}}
{{- end -}}
{{- $values := mergeOverwrite (deepCopy $root.Values.gatewayDefaults) (deepCopy $own) -}}
{{- $_ := set $gateways $name (include "llm-gateway.checked" (dict "root" $root "name" $name "values" $values) | fromYaml) -}}
{{- include "llm-gateway.checkedSecret" (dict "root" $root "name" $name "gateways" $gateways) -}}
{{- end -}}
{{- end -}}
{{- $gateways | toYaml -}}
{{- end -}}

{{- /* What the schema cannot say, and what the demo adds. */ -}}
{{- define "llm-gateway.checked" -}}
{{- $values := .values -}}
{{- $name := .name -}}
{{- $autoscaling := $values.autoscaling -}}
{{- if $autoscaling.enabled -}}
{{- if gt (int $autoscaling.minReplicas) (int $autoscaling.maxReplicas) -}}
{{- fail (printf "gateways.%s.autoscaling: minReplicas (%d) is more than maxReplicas (%d)" $name (int $autoscaling.minReplicas) (int $autoscaling.maxReplicas)) -}}
{{- end -}}
{{- if and (eq (int $autoscaling.cpuUtilization) 0) (eq (int $autoscaling.openRequests) 0) -}}
{{- fail (printf "gateways.%s.autoscaling: set cpuUtilization or openRequests above 0, or there is nothing to scale by" $name) -}}
{{- end -}}
{{- end -}}
{{- if and $values.ingress.enabled (empty $values.ingress.hosts) -}}
{{- fail (printf "gateways.%s.ingress.hosts: name at least one host" $name) -}}
{{- end -}}
{{- if and $values.httpRoute.enabled (empty $values.httpRoute.parentRefs) -}}
{{- fail (printf "gateways.%s.httpRoute.parentRefs: name the Gateway that it belongs to" $name) -}}
{{- end -}}
{{- if and (ne $values.service.type "LoadBalancer") (or $values.service.loadBalancerClass $values.service.loadBalancerSourceRanges) -}}
{{- fail (printf "gateways.%s.service: loadBalancerClass and loadBalancerSourceRanges are for type LoadBalancer, and the type is %s" $name $values.service.type) -}}
{{- end -}}
{{- if and (eq $values.service.type "ClusterIP") (or (int $values.service.nodePort) $values.service.externalTrafficPolicy) -}}
{{- fail (printf "gateways.%s.service: nodePort and externalTrafficPolicy are for the types NodePort and LoadBalancer" $name) -}}
{{- end -}}
{{- include "llm-gateway.checkedTls" . -}}
{{- if eq (int $values.service.port) 0 -}}
{{- $_ := set $values.service "port" (ternary 80 443 (eq (include "llm-gateway.scheme" .) "http")) -}}
{{- end -}}
{{- $seconds := include "llm-gateway.seconds" $values.settings.drainTime | int -}}
{{- if or (eq $seconds 0) (gt $seconds 86400) -}}
{{- fail (printf "gateways.%s.settings.drainTime is %s; it must be longer than 0s and at most 24h" $name $values.settings.drainTime) -}}
{{- end -}}
{{- if and .root.Values.demo.enabled (eq $name .root.Values.demo.gateway) -}}
{{- if not (hasKey $values.settings "anonymous") -}}{{- $_ := set $values.settings "anonymous" true -}}{{- end -}}
{{- $_ := set $values.settings "privateRanges" (concat $values.settings.privateRanges .root.Values.demo.privateRanges | uniq) -}}
{{- end -}}
{{- $values | toYaml -}}
{{- end -}}

{{- define "llm-gateway.checkedTls" -}}
{{- $tls := .values.tls -}}
{{- if and $tls.hostname (eq (include "llm-gateway.tlsSecret" .) "") -}}
{{- fail (printf "gateways.%s.tls.hostname is %s, but there is no certificate: set tls.secretName or tls.certManager.issuerRef.name" .name $tls.hostname) -}}
{{- end -}}
{{- if and (or $tls.certManager.dnsNames $tls.certManager.duration $tls.certManager.renewBefore) (not $tls.certManager.issuerRef.name) -}}
{{- fail (printf "gateways.%s.tls.certManager: name the issuer in issuerRef.name" .name) -}}
{{- end -}}
{{- end -}}

{{- /* Two of cert-manager's Certificates with one Secret would write over each other for ever. */ -}}
{{- define "llm-gateway.checkedSecret" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $own := get .gateways .name -}}
{{- $secret := include "llm-gateway.tlsSecret" (dict "root" .root "name" .name "values" $own) -}}
{{- range $other, $values := .gateways -}}
{{- if and (ne $other $name) $secret (eq $secret (include "llm-gateway.tlsSecret" (dict "root" $root "name" $other "values" $values))) (or $own.tls.certManager.issuerRef.name $values.tls.certManager.issuerRef.name) -}}
{{- fail (printf "gateways.%s.tls.secretName and gateways.%s.tls.secretName are both %s, and cert-manager can keep only one certificate there" $other $name $secret) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* A duration such as 1h30m in whole seconds, rounded up. */ -}}
{{- define "llm-gateway.seconds" -}}
{{- $ms := 0 -}}
{{- range regexFindAll "[0-9]+(ms|h|m|s)" . -1 -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- $ms = add $ms (mul $number (get (dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1) $unit)) -}}
{{- end -}}
{{- div (add $ms 999) 1000 -}}
{{- end -}}

{{- define "llm-gateway.image" -}}
{{- $digest := get .root.Values.image.digests .name -}}
{{- $tag := default .root.Chart.AppVersion .root.Values.image.tag -}}
{{- printf "%s/%s:%s" (.root.Values.image.registry | trimSuffix "/") .name $tag -}}{{- if $digest -}}@{{ $digest }}{{- end -}}
{{- end -}}

{{- /* Labels of an object: a dict with root and component, and for a gateway its name. */ -}}
{{- define "llm-gateway.selector" -}}
app.kubernetes.io/name: {{ include "llm-gateway.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- if .name }}
llmgateway.io/gateway: {{ .name }}
{{- end }}
{{- end -}}

{{- define "llm-gateway.labels" -}}
{{- $own := include "llm-gateway.selector" . | fromYaml -}}
{{- $fixed := dict "helm.sh/chart" (printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_")) "app.kubernetes.io/version" .root.Chart.AppVersion "app.kubernetes.io/managed-by" .root.Release.Service "app.kubernetes.io/part-of" "llm-gateway" -}}
{{- merge (dict) $own $fixed (default (dict) .more) .root.Values.commonLabels | toYaml -}}
{{- end -}}

{{- /* metadata of an object: name, root, component, and what may be: gateway, labels, annotations, namespace. */ -}}
{{- define "llm-gateway.metadata" -}}
name: {{ .called }}
{{- if not .isClusterWide }}
namespace: {{ default .root.Release.Namespace .namespace }}
{{- end }}
labels:
  {{- include "llm-gateway.labels" (dict "root" .root "component" .component "name" .gateway "more" .labels) | nindent 2 }}
{{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
