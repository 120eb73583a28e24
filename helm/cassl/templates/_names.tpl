{{/* Prefix of object names: at most 40 characters, so that "-label-worker" and the like still fit. */}}
{{- define "cassl.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of a component; never changes. */}}
{{- define "cassl.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "cassl.labels" -}}
{{ include "cassl.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Metadata of an object: dict root, component, name, annotations */}}
{{- define "cassl.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "cassl.labels" . | nindent 2 }}
{{- with merge (default dict .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "cassl.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}{{ include "cassl.fullname" . }}{{- else -}}{{ .Values.serviceAccount.name }}{{- end -}}
{{- end -}}

{{/* Of trainer and evaluator, which make Jobs. */}}
{{- define "cassl.launcherAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ include "cassl.fullname" . }}-launcher
{{- else -}}
{{ default .Values.serviceAccount.name .Values.serviceAccount.launcherName }}
{{- end -}}
{{- end -}}

{{- define "cassl.tlsSecret" -}}
{{ default (printf "%s-tls" (include "cassl.fullname" .)) .Values.tls.existingSecret }}
{{- end -}}

{{- define "cassl.sharedClaim" -}}
{{ default (printf "%s-shared" (include "cassl.fullname" .)) .Values.sharedVolume.existingClaim }}
{{- end -}}

{{- define "cassl.natsUrl" -}}
{{- if .Values.nats.bundled.enabled -}}nats://{{ include "cassl.fullname" . }}-nats:4222{{- else -}}{{ .Values.nats.url }}{{- end -}}
{{- end -}}
