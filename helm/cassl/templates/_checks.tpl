{{/* What the schema cannot say: one sentence for each wrong combination. */}}
{{- define "cassl.checks" -}}
{{- $v := .Values -}}
{{- if and (not $v.nats.url) (not $v.nats.bundled.enabled) -}}
{{- fail "nats.url is empty: set it to your NATS with JetStream, or nats.bundled.enabled=true for a trial" -}}
{{- end -}}
{{- if and $v.nats.users (not $v.nats.existingSecret) -}}
{{- fail "nats.users=true: name the secret that has their passwords in nats.existingSecret" -}}
{{- end -}}
{{- if and $v.nats.url $v.nats.bundled.enabled -}}
{{- fail "nats.url and nats.bundled.enabled=true exclude each other: unset one" -}}
{{- end -}}
{{- if and (gt (int $v.registry.replicas) 1) (or (not $v.database.existingSecret) (not $v.objectStore.blobsUri)) -}}
{{- fail (printf "registry.replicas is %d: more than one needs database.existingSecret and objectStore.blobsUri" (int $v.registry.replicas)) -}}
{{- end -}}
{{- if and (eq $v.jobs.mode "kubernetes") (not $v.sharedVolume.enabled) -}}
{{- fail "jobs.mode is kubernetes: its Jobs need sharedVolume.enabled=true; or set jobs.mode=process" -}}
{{- end -}}
{{- if and (eq $v.jobs.mode "kubernetes") (not $v.serviceAccount.create) (not $v.serviceAccount.launcherName) -}}
{{- fail "serviceAccount.create is false: name the account that may make Jobs in serviceAccount.launcherName, or set jobs.mode=process" -}}
{{- end -}}
{{- range $name, $gpus := dict "labeler.gpus" $v.labeler.gpus "labelWorkers.gpus" $v.labelWorkers.gpus "jobs.gpus" $v.jobs.gpus -}}
{{- if and (gt (int $gpus) 0) (eq $v.gpu.kind "none") -}}
{{- fail (printf "%s is %d but gpu.kind is none: set gpu.kind to devicePlugin, mig, timeSlicing or dra" $name (int $gpus)) -}}
{{- end -}}
{{- if and (gt (int $gpus) 1) (has $v.gpu.kind (list "mig" "timeSlicing")) -}}
{{- fail (printf "%s is %d but gpu.kind is %s: slices do not add up, use 1 or devicePlugin" $name (int $gpus) $v.gpu.kind) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $v.gpu.kind "mig") (not $v.gpu.mig.profile) -}}
{{- fail "gpu.kind is mig: set gpu.mig.profile, for example 1g.10gb" -}}
{{- end -}}
{{- if and (ne $v.gpu.kind "mig") $v.gpu.mig.profile -}}
{{- fail (printf "gpu.mig.profile is %s but gpu.kind is %s: set gpu.kind=mig or unset the profile" $v.gpu.mig.profile $v.gpu.kind) -}}
{{- end -}}
{{- $a := $v.labelWorkers.autoscaling -}}
{{- if and (eq $a.kind "keda") (not (.Capabilities.APIVersions.Has "keda.sh/v1alpha1")) -}}
{{- fail "labelWorkers.autoscaling.kind is keda, but the cluster has no keda.sh/v1alpha1: install KEDA or set auto, hpa or none" -}}
{{- end -}}
{{- if and (eq $a.kind "hpa") (lt (int $a.minReplicas) 1) -}}
{{- fail "labelWorkers.autoscaling.kind is hpa: minReplicas must be 1 or more" -}}
{{- end -}}
{{- if gt (int $a.minReplicas) (int $a.maxReplicas) -}}
{{- fail (printf "labelWorkers.autoscaling.minReplicas %d is more than maxReplicas %d" (int $a.minReplicas) (int $a.maxReplicas)) -}}
{{- end -}}
{{- if and (eq $a.trigger "nats-jetstream") (not $a.natsMonitoringEndpoint) (not $v.nats.bundled.enabled) -}}
{{- fail "labelWorkers.autoscaling.trigger is nats-jetstream: set natsMonitoringEndpoint to the headless host:8222 of your NATS" -}}
{{- end -}}
{{- if and $v.tls.enabled (not $v.tls.existingSecret) (not $v.tls.certManager.enabled) -}}
{{- fail "tls.enabled is true: name tls.existingSecret, or set tls.certManager.enabled=true" -}}
{{- end -}}
{{- if and $v.auth.tokensKey (not $v.auth.existingSecret) -}}
{{- fail (printf "auth.tokensKey is %s: name the secret that has it in auth.existingSecret" $v.auth.tokensKey) -}}
{{- end -}}
{{- if and $v.tls.certManager.enabled (not $v.tls.certManager.issuerRef.name) -}}
{{- fail "tls.certManager.enabled is true: name tls.certManager.issuerRef.name" -}}
{{- end -}}
{{- if and $v.tls.certManager.enabled (not $v.tls.enabled) -}}
{{- fail "tls.certManager.enabled is true but tls.enabled is false: nothing would use the certificate" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled (not (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}
{{- fail "metrics.serviceMonitor.enabled is true, but the cluster has no monitoring.coreos.com/v1: install the Prometheus operator first" -}}
{{- end -}}
{{- if and $v.grpcRoute.enabled (not $v.grpcRoute.parentRefs) -}}
{{- fail "grpcRoute.enabled is true: name a gateway in grpcRoute.parentRefs" -}}
{{- end -}}
{{- if and $v.console.ingress.enabled (not $v.console.enabled) -}}
{{- fail "console.ingress.enabled is true but console.enabled is false: nothing would answer" -}}
{{- end -}}
{{- if and $v.console.ingress.enabled (not $v.console.ingress.hostname) -}}
{{- fail "console.ingress.enabled is true: set console.ingress.hostname" -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.hostname) -}}
{{- fail "ingress.enabled is true: set ingress.hostname" -}}
{{- end -}}
{{- end -}}

{{/* keda, hpa or none */}}
{{- define "cassl.scaling" -}}
{{- $kind := .Values.labelWorkers.autoscaling.kind -}}
{{- if eq $kind "auto" -}}
{{- ternary "keda" "none" (.Capabilities.APIVersions.Has "keda.sh/v1alpha1") -}}
{{- else -}}{{ $kind }}{{- end -}}
{{- end -}}
