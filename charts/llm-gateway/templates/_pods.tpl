{{- /* What all pods of the chart have in common. */ -}}

{{- define "llm-gateway.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* A dict with root, values, component and, for a gateway, name. */ -}}
{{- define "llm-gateway.podMetadata" -}}
labels:
  {{- include "llm-gateway.labels" (dict "root" .root "component" .component "name" .name "more" .values.podLabels) | nindent 2 }}
{{- with merge (dict) (default (dict) .values.podAnnotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "llm-gateway.podSecurity" -}}
{{- $security := dict -}}
{{- range $name, $value := .Values.podSecurityContext -}}
{{- if ne (typeOf $value) "<nil>" -}}{{- $_ := set $security $name $value -}}{{- end -}}
{{- end -}}
{{- toYaml $security -}}
{{- end -}}

{{- define "llm-gateway.placement" -}}
{{- $selector := include "llm-gateway.selector" (dict "root" .root "component" .component "name" .name) -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
affinity:
  {{- if .values.affinity }}
  {{- toYaml .values.affinity | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- $selector | nindent 12 }}
  {{- end }}
topologySpreadConstraints:
  {{- if .values.topologySpreadConstraints }}
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- $selector | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
  {{- end }}
{{- end -}}

{{- define "llm-gateway.pdb" -}}
{{- if .values.podDisruptionBudget.enabled }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{- include "llm-gateway.metadata" (dict "root" .root "called" .called "component" .component "gateway" .name) | nindent 2 }}
spec:
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable }}
  # A pod that does not work protects nothing.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "llm-gateway.selector" (dict "root" .root "component" .component "name" .name) | nindent 6 }}
{{- end }}
{{- end -}}
