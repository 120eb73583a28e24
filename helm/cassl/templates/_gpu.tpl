{{/* The extended resource of one GPU; empty for DRA and none. */}}
{{- define "cassl.gpuResource" -}}
{{- $g := .Values.gpu -}}
{{- if eq $g.kind "devicePlugin" -}}{{ $g.devicePlugin.resource }}
{{- else if eq $g.kind "mig" -}}nvidia.com/mig-{{ $g.mig.profile }}
{{- else if eq $g.kind "timeSlicing" -}}{{ $g.timeSlicing.resource }}
{{- end -}}
{{- end -}}

{{/* resources of a container with its GPUs: dict root, resources, gpus */}}
{{- define "cassl.resources" -}}
{{- $resources := deepCopy .resources -}}
{{- $gpus := int .gpus -}}
{{- $name := include "cassl.gpuResource" .root -}}
{{- if and (gt $gpus 0) $name -}}
{{- $limits := merge (dict $name $gpus) (default dict $resources.limits) -}}
{{- $_ := set $resources "limits" $limits -}}
{{- $_ := set $resources "requests" (merge (dict $name $gpus) (default dict $resources.requests)) -}}
{{- else if and (gt $gpus 0) (eq .root.Values.gpu.kind "dra") -}}
{{- $_ := set $resources "claims" (list (dict "name" "gpu")) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}
