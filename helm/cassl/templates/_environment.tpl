{{/* The one table of environment variables: dict root, component, ports, gpus. Services ignore what they do not know. */}}
{{- define "cassl.environment" -}}
{{- $v := .root.Values -}}
{{- $name := include "cassl.fullname" .root -}}
- { name: CASSL_LOG_LEVEL, value: {{ $v.logLevel | quote }} }
{{- if ne .component "console" }}
- { name: CASSL_NATS_URL, value: {{ include "cassl.natsUrl" .root | quote }} }
- { name: CASSL_NATS_REPLICAS, value: {{ $v.nats.replicas | quote }} }
{{- /* Jobs report to their service and never to the broker. */}}
{{- if and $v.nats.existingSecret (not (has .component (list "training" "evaluation"))) }}
{{- if $v.nats.users }}
- { name: CASSL_NATS_USER, value: {{ .component }} }
- name: CASSL_NATS_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $v.nats.existingSecret | quote }}, key: {{ .component }} } }
{{- else }}
- name: CASSL_NATS_TOKEN
  valueFrom: { secretKeyRef: { name: {{ $v.nats.existingSecret | quote }}, key: {{ $v.nats.key | quote }} } }
{{- end }}
{{- end }}
{{- end }}
- { name: CASSL_REGISTRY_ADDRESS, value: "{{ $name }}-registry.{{ .root.Release.Namespace }}:7100" }
- { name: CASSL_TRAINER_ADDRESS, value: "{{ $name }}-trainer.{{ .root.Release.Namespace }}:7101" }
- { name: CASSL_LABELER_ADDRESS, value: "{{ $name }}-labeler.{{ .root.Release.Namespace }}:7102" }
- { name: CASSL_EVALUATOR_ADDRESS, value: "{{ $name }}-evaluator.{{ .root.Release.Namespace }}:7103" }
{{- if $v.auth.tokensKey }}
- { name: CASSL_TOKENS_FILE, value: {{ printf "/etc/cassl/auth/%s" $v.auth.tokensKey | quote }} }
{{- end }}
{{- if $v.auth.oidc.issuer }}
- { name: CASSL_OIDC_ISSUER, value: {{ $v.auth.oidc.issuer | quote }} }
- { name: CASSL_OIDC_AUDIENCE, value: {{ $v.auth.oidc.audience | quote }} }
{{- if $v.auth.oidc.jwksUrl }}
- { name: CASSL_OIDC_JWKS_URL, value: {{ $v.auth.oidc.jwksUrl | quote }} }
{{- end }}
{{- end }}
{{- if eq .component "console" }}
{{- /* It calls with its user's token and has none of its own; the file tells it which users may look. */}}
- { name: CASSL_REGISTRY_HTTP_URL, value: {{ default (printf "http://%s-registry.%s:7180" $name .root.Release.Namespace) $v.console.registryHttpUrl | quote }} }
{{- if $v.auth.existingSecret }}
- { name: CASSL_AUTH_TOKEN_FILE, value: {{ printf "/etc/cassl/auth/%s" $v.auth.key | quote }} }
{{- end }}
{{- else if $v.auth.existingSecret }}
- name: CASSL_AUTH_TOKEN
  valueFrom: { secretKeyRef: { name: {{ $v.auth.existingSecret | quote }}, key: {{ $v.auth.key | quote }} } }
{{- end }}
{{- if $v.tls.enabled }}
- { name: CASSL_TLS_CERT_FILE, value: /etc/cassl/tls/tls.crt }
- { name: CASSL_TLS_KEY_FILE, value: /etc/cassl/tls/tls.key }
- { name: CASSL_TLS_CA_FILE, value: /etc/cassl/tls/ca.crt }
{{- if $v.tls.mutual }}
- { name: CASSL_TLS_CLIENT_CA_FILE, value: /etc/cassl/tls/ca.crt }
- { name: CASSL_TLS_CLIENT_CERT_FILE, value: /etc/cassl/tls/tls.crt }
- { name: CASSL_TLS_CLIENT_KEY_FILE, value: /etc/cassl/tls/tls.key }
{{- end }}
{{- end }}
- { name: AWS_REGION, value: {{ $v.objectStore.region | quote }} }
{{- if $v.objectStore.endpoint }}
- { name: S3_ENDPOINT, value: {{ $v.objectStore.endpoint | quote }} }
{{- end }}
{{- with default $v.objectStore.existingSecret (get $v.objectStore.secrets .component) }}
- name: AWS_ACCESS_KEY_ID
  valueFrom: { secretKeyRef: { name: {{ . | quote }}, key: AWS_ACCESS_KEY_ID } }
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: { secretKeyRef: { name: {{ . | quote }}, key: AWS_SECRET_ACCESS_KEY } }
{{- end }}
{{- if ne .component "registry" }}
{{- $shared := ternary (list "/data") list $v.sharedVolume.enabled }}
- { name: CASSL_DATA_ROOTS, value: {{ concat $shared $v.addresses.read | join "," | quote }} }
- { name: CASSL_OUTPUT_ROOTS, value: {{ concat $shared $v.addresses.write | join "," | quote }} }
{{- end }}
{{- if gt (int .gpus) 0 }}
- { name: CASSL_REQUIRE_GPU, value: '1' }
{{- end }}
{{- if eq .component "registry" }}
- { name: MALLOC_ARENA_MAX, value: '1' }
{{- if $v.objectStore.blobsUri }}
- { name: CASSL_BLOBS_URI, value: {{ $v.objectStore.blobsUri | quote }} }
{{- end }}
{{- if $v.database.existingSecret }}
- name: DATABASE_URL
  valueFrom: { secretKeyRef: { name: {{ $v.database.existingSecret | quote }}, key: {{ $v.database.key | quote }} } }
{{- end }}
{{- else if eq .component "trainer" }}
- { name: CASSL_DATA_DIR, value: {{ ternary "/data/.cassl/trainer" "/var/lib/cassl" $v.sharedVolume.enabled }} }
- { name: CASSL_PARALLEL_TRAININGS, value: {{ $v.trainer.parallelTrainings | quote }} }
- { name: CASSL_PARALLEL_STAGES, value: {{ $v.trainer.parallelStages | quote }} }
{{- else if eq .component "evaluator" }}
- { name: CASSL_DATA_DIR, value: {{ ternary "/data/.cassl/evaluator" "/var/lib/cassl" $v.sharedVolume.enabled }} }
- { name: CASSL_PARALLEL_EVALUATIONS, value: {{ $v.evaluator.parallelEvaluations | quote }} }
{{- else if or (eq .component "labeler") (eq .component "label-worker") }}
- { name: CASSL_BATCH_SIZE, value: {{ $v.labeler.batchSize | quote }} }
- { name: CASSL_SHARD_ACK_WAIT_MS, value: {{ int64 $v.labelWorkers.shardAckWaitMs | quote }} }
{{- if eq .component "labeler" }}
- { name: CASSL_LABEL_WORKERS, value: '0' }
- { name: CASSL_SCALER_PORT, value: '7104' }
- { name: CASSL_MODEL_RUNTIME, value: {{ $v.labeler.modelRuntime | quote }} }
- { name: CASSL_TEACHER_ENDPOINTS, value: {{ join "," $v.labeler.teacherEndpoints | quote }} }
{{- else }}
- { name: CASSL_LABEL_POOLS, value: {{ $v.labelWorkers.pool | quote }} }
{{- end }}
{{- end }}
{{- range $variable, $value := get (get $v (ternary "labeler" .component (eq .component "label-worker")) | default dict) "settings" | default dict }}
{{- /* Helm reads every number as a float, which prints 1800000 as 1.8e+06. */}}
{{- $isWhole := and (kindIs "float64" $value) (eq (float64 (int64 $value)) $value) }}
- { name: {{ $variable }}, value: {{ ternary (int64 $value) $value $isWhole | toString | quote }} }
{{- end }}
{{- if and (eq $v.jobs.mode "kubernetes") (has .component (list "trainer" "evaluator")) }}
- { name: CASSL_JOB_TEMPLATE, value: /etc/cassl/jobs/{{ ternary "training" "evaluation" (eq .component "trainer") }}.yaml }
{{- end }}
{{- end -}}
