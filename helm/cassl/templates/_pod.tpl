{{/*
The pod of a component.
  root, component  names
  values           the component's block of values.yaml
  program, args    what image/start.ts runs
  account          service account; launches: its token is mounted
  port, metricsPort  0 for none: then there are no probes
  gpus, data       GPUs; volume source of /var/lib/cassl
  restartPolicy    of Jobs
  subdomain        headless Service that gives pods of an Indexed Job their names
*/}}
{{- define "cassl.podTemplate" -}}
{{- $v := .root.Values -}}
{{- $gpus := int (default 0 .gpus) -}}
{{- $isService := gt (int (default 0 .port)) 0 -}}
metadata:
  labels:
    {{- include "cassl.selector" . | nindent 4 }}
    {{- with merge (deepCopy (default dict .values.podLabels)) $v.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ .account }}
  automountServiceAccountToken: {{ default false .launches }}
  enableServiceLinks: false
  {{- with $v.global.imagePullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- with .subdomain }}
  subdomain: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- if and (gt $gpus 0) $v.gpu.runtimeClassName }}
  runtimeClassName: {{ $v.gpu.runtimeClassName }}
  {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat (default list .values.tolerations) (ternary $v.gpu.tolerations list (gt $gpus 0)) }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not .restartPolicy }}
  topologySpreadConstraints:
    {{- with .values.topologySpreadConstraints }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "cassl.selector" $ | nindent 10 }}
    {{- end }}
    {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: { type: RuntimeDefault }
  containers:
    - name: {{ .component }}
      image: {{ include "cassl.image" (dict "root" .root "gpus" $gpus) }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: {{ toJson (concat (list .program) (default list .args)) }}
      env:
        {{- include "cassl.environment" (dict "root" .root "component" .component "gpus" $gpus) | nindent 8 }}
        {{- if (.values.resources.limits).cpu }}
        {{- /* A quota is no fewer processors to a program that counts them: without this a thread for each of the node's. */}}
        - { name: OMP_NUM_THREADS, valueFrom: { resourceFieldRef: { resource: limits.cpu } } }
        {{- end }}
        {{- with .values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      resources:
        {{- include "cassl.resources" (dict "root" .root "resources" .values.resources "gpus" $gpus) | nindent 8 }}
      {{- if $isService }}
      ports:
        - { name: grpc, containerPort: {{ .port }} }
        - { name: metrics, containerPort: {{ .metricsPort }} }
        {{- range $name, $port := .morePorts }}
        - { name: {{ $name }}, containerPort: {{ $port }} }
        {{- end }}
      {{- if $v.tls.enabled }}
      {{- /* The kubelet's gRPC probe speaks no TLS. */}}
      startupProbe: { httpGet: { path: /readyz, port: metrics }, periodSeconds: 2, failureThreshold: 150 }
      readinessProbe: { httpGet: { path: /readyz, port: metrics }, periodSeconds: 5, timeoutSeconds: 3 }
      livenessProbe: { httpGet: { path: /healthz, port: metrics }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
      {{- else }}
      startupProbe: { grpc: { port: {{ .port }} }, periodSeconds: 2, failureThreshold: 150 }
      readinessProbe: { grpc: { port: {{ .port }} }, periodSeconds: 5, timeoutSeconds: 3 }
      livenessProbe: { grpc: { port: {{ .port }}, service: liveness }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
      {{- end }}
      {{- /* Until every client and proxy has heard that this pod goes. */}}
      lifecycle: { preStop: { sleep: { seconds: 5 } } }
      {{- end }}
      volumeMounts:
        - { name: data, mountPath: /var/lib/cassl }
        - { name: tmp, mountPath: /tmp }
        {{- if $v.sharedVolume.enabled }}
        - { name: shared, mountPath: /data{{ if eq .component "console" }}, readOnly: true{{ end }} }
        {{- end }}
        {{- if $v.tls.enabled }}
        - { name: tls, mountPath: /etc/cassl/tls, readOnly: true }
        {{- end }}
        {{- if and $v.auth.existingSecret (or $v.auth.tokensKey (eq .component "console")) }}
        - { name: auth, mountPath: /etc/cassl/auth, readOnly: true }
        {{- end }}
        {{- if .launches }}
        - { name: jobs, mountPath: /etc/cassl/jobs, readOnly: true }
        {{- end }}
        {{- with .values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: data
      {{- toYaml (default (dict "emptyDir" dict) .data) | nindent 6 }}
    - name: tmp
      emptyDir: {}
    {{- if $v.sharedVolume.enabled }}
    - name: shared
      persistentVolumeClaim: { claimName: {{ include "cassl.sharedClaim" .root }} }
    {{- end }}
    {{- if $v.tls.enabled }}
    - name: tls
      secret: { secretName: {{ include "cassl.tlsSecret" .root }}, defaultMode: 0440 }
    {{- end }}
    {{- if and $v.auth.existingSecret (or $v.auth.tokensKey (eq .component "console")) }}
    - name: auth
      secret: { secretName: {{ $v.auth.existingSecret }}, defaultMode: 0440 }
    {{- end }}
    {{- if .launches }}
    - name: jobs
      configMap: { name: {{ include "cassl.fullname" .root }}-jobs }
    {{- end }}
    {{- with .values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if and (gt $gpus 0) (eq $v.gpu.kind "dra") }}
  resourceClaims:
    - { name: gpu, resourceClaimTemplateName: {{ include "cassl.fullname" .root }}-gpu-{{ $gpus }} }
  {{- end }}
{{- end -}}
