import type { RenderOptions } from './render-chart.ts';
import { ALL_APIS } from './render-chart.ts';

const trial = ['nats.bundled.enabled=true'];
const operator = [
  'nats.url=nats://nats.nats:4222',
  'nats.replicas=3',
  'nats.existingSecret=nats-token',
  'database.existingSecret=registry-database',
  'objectStore.blobsUri=s3://models/cassl',
  'objectStore.endpoint=https://minio.minio:9000',
  'objectStore.existingSecret=s3-keys',
  'auth.existingSecret=cassl-token',
  'registry.replicas=3',
];
const gpus = ['labeler.gpus=1', 'labelWorkers.gpus=1', 'jobs.gpus=1'];

/** The installations that users make, by name. */
export const VALUE_SETS: Readonly<Record<string, RenderOptions>> = {
  'a trial': { set: trial },
  'an operator with NATS, PostgreSQL and S3': { set: operator },
  'a NATS user and an S3 key for each service': {
    set: [
      ...['nats.bundled.enabled=true', 'nats.existingSecret=nats-users', 'nats.users=true'],
      ...['objectStore.secrets.registry=s3-registry', 'objectStore.secrets.training=s3-training'],
    ],
  },
  'TLS of a secret, mutual': {
    set: [...operator, 'tls.enabled=true', 'tls.existingSecret=t', 'tls.mutual=true'],
  },
  'whole GPUs': { set: [...trial, ...gpus, 'gpu.kind=devicePlugin', 'gpu.runtimeClassName=nvidia'] },
  'MIG slices': { set: [...trial, ...gpus, 'gpu.kind=mig', 'gpu.mig.profile=1g.10gb'] },
  'time slices': { set: [...trial, ...gpus, 'gpu.kind=timeSlicing'] },
  'DRA claims': {
    set: [...trial, ...gpus, 'gpu.kind=dra', "gpu.dra.selectors={device.driver == 'gpu.nvidia.com'}"],
  },
  'the console, without a token': { set: [...trial, 'console.enabled=true'] },
  'processes instead of Jobs': { set: [...trial, 'jobs.mode=process', 'sharedVolume.enabled=false'] },
  'Kueue and more of everything': {
    set: [
      ...trial,
      'jobs.queue=research',
      'jobs.priorityClassName=low',
      'global.imageRegistry=mirror.example',
      'global.imagePullSecrets={pull}',
      'global.storageClass=fast',
      `image.digest=sha256:${'a'.repeat(64)}`,
      'commonLabels.team=vision',
      'commonAnnotations.owner=vision',
      'labelWorkers.podDisruptionBudget.enabled=true',
      'labeler.extraEnv[0].name=A',
      'labeler.extraEnv[0].value=b',
    ],
  },
  HPA: { set: [...trial, 'labelWorkers.autoscaling.kind=hpa', 'labelWorkers.autoscaling.minReplicas=1'] },
  'KEDA with the queue length': {
    set: [...trial, 'labelWorkers.autoscaling.trigger=nats-jetstream'],
    apis: ALL_APIS,
  },
  'every operator': {
    apis: ALL_APIS,
    set: [
      ...operator,
      'tls.enabled=true',
      'tls.certManager.enabled=true',
      'tls.certManager.issuerRef.name=ca',
      'metrics.serviceMonitor.enabled=true',
      'metrics.dashboards.enabled=true',
      'grpcRoute.enabled=true',
      'grpcRoute.parentRefs[0].name=gateway',
      'grpcRoute.hostnames={*.cassl.example}',
      'ingress.enabled=true',
      'ingress.hostname=cassl.example',
      'console.enabled=true',
      'console.ingress.enabled=true',
      'console.ingress.hostname=page.cassl.example',
    ],
  },
};
