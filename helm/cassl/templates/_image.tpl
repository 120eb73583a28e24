{{/* registry/repository@digest or :tag: dict root, image, tag */}}
{{- define "cassl.imageOf" -}}
{{- $registry := default .image.registry .root.Values.global.imageRegistry -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ .image.repository }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}

{{/* The platform's image: dict root, gpus */}}
{{- define "cassl.image" -}}
{{- $image := .root.Values.image -}}
{{- $tag := default .root.Chart.AppVersion $image.tag -}}
{{- if and (gt (int .gpus) 0) (ne .root.Values.gpu.kind "none") -}}
{{- $gpu := dict "registry" $image.registry "repository" $image.repository "digest" $image.gpu.digest -}}
{{- include "cassl.imageOf" (dict "root" .root "image" $gpu "tag" (default (printf "%s-cuda" $tag) $image.gpu.tag)) -}}
{{- else -}}
{{- include "cassl.imageOf" (dict "root" .root "image" $image "tag" $tag) -}}
{{- end -}}
{{- end -}}
