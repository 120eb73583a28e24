import type { V1ContainerStatus, V1Job, V1Pod } from '@kubernetes/client-node';

/** A node that says nothing for so long after its pod should be gone is dead. */
const DEAD_AFTER_MS = 30_000;

/** What a pod waits for or died of, in words that say what to change; undefined where all is well. */
export function podNews(pod: V1Pod, nowMs: number = Date.now()): string | undefined {
  const container = pod.status?.containerStatuses?.[0];
  return (
    deadNode(pod, nowMs) ??
    silentNode(pod) ??
    unschedulable(pod) ??
    (container && waiting(container)) ??
    disrupted(pod) ??
    (container && terminated(container, pod))
  );
}

/** Why a Job does nothing although no pod says so. */
export function jobNews(job: V1Job): string | undefined {
  if (job.spec?.suspend !== true) return undefined;
  const queue = job.metadata?.labels?.['kueue.x-k8s.io/queue-name'];
  return queue === undefined
    ? `the Job ${job.metadata?.name} is suspended: resume it`
    : `waiting for quota in Kueue's queue ${queue}`;
}

/** Why the Job controller gave up; undefined while it has not. */
export function jobFailure(job: V1Job): string | undefined {
  const failed = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (failed === undefined) return undefined;
  if (failed.reason === 'BackoffLimitExceeded')
    return `its pod failed ${(job.spec?.backoffLimit ?? 6) + 1} times`;
  if (failed.reason === 'DeadlineExceeded') return 'it took longer than activeDeadlineSeconds';
  if (failed.reason === 'PodFailurePolicy') return 'its pod said that another attempt cannot help';
  return failed.message ?? failed.reason ?? 'the Job failed';
}

function deadNode(pod: V1Pod, nowMs: number): string | undefined {
  const { deletionTimestamp } = pod.metadata ?? {};
  if (
    deletionTimestamp === undefined ||
    pod.status?.phase === 'Failed' ||
    pod.status?.phase === 'Succeeded'
  ) {
    return undefined;
  }
  // The time of deletion includes the grace period.
  if (nowMs - new Date(deletionTimestamp).getTime() < DEAD_AFTER_MS) return undefined;
  const node = pod.spec?.nodeName ?? '?';
  return `node ${node} does not answer, and no second pod starts while the first may still run there: bring the node back, or mark it with \`kubectl taint node ${node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute\``;
}

/** The kubelet would say both or neither: work has no readiness probe. The node controller alone takes readiness from a running container. */
function silentNode({ spec, status }: V1Pod): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const container = status?.containerStatuses?.[0];
  if (ready?.status !== 'False' || container?.ready !== true || container.state?.running === undefined) {
    return undefined;
  }
  return `node ${spec?.nodeName ?? '?'} does not answer: what runs there goes on if it comes back; else Kubernetes takes the pod away after its toleration, five minutes by default`;
}

function unschedulable(pod: V1Pod): string | undefined {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const { message = '' } = scheduled;
  const short = /Insufficient ([\w./-]*\w)/.exec(message)?.[1];
  if (short === undefined) return `no node takes its pod: ${message}`;
  const asked = pod.spec?.containers[0]?.resources?.requests?.[short];
  const change = /gpu|mig-/.test(short)
    ? 'ask for fewer GPUs, wait for others to end, or add a node'
    : 'lower jobs.resources.requests, or add a node';
  return `no node has ${asked ?? 'enough'} free ${short}: ${change} (${message})`;
}

function waiting({ state, image }: V1ContainerStatus): string | undefined {
  const { reason, message = '' } = state?.waiting ?? {};
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ErrImageNeverPull':
    case 'InvalidImageName':
      return `the image ${image} cannot be had: check image.registry, image.repository, image.tag and global.imagePullSecrets (${message || reason})`;
    case 'CreateContainerConfigError':
      return `its container cannot be made: ${message}; create the secret or config map, or name another in the chart's values`;
    case 'CreateContainerError':
    case 'RunContainerError':
      return `its container does not start: ${message}`;
    default:
      return undefined;
  }
}

function disrupted(pod: V1Pod): string | undefined {
  const { reason, message = '', conditions = [] } = pod.status ?? {};
  if (reason === 'Evicted') return `its pod was evicted by its node: ${message}`;
  const disruption = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  if (disruption === undefined) return undefined;
  return `its pod was taken away (${disruption.reason}: ${disruption.message ?? ''}); this counts as no failure, another pod follows`;
}

function terminated({ state, lastState }: V1ContainerStatus, pod: V1Pod): string | undefined {
  const { exitCode, reason, signal } = state?.terminated ?? lastState?.terminated ?? {};
  if (exitCode === undefined || exitCode === 0) return undefined;
  if (reason === 'OOMKilled') {
    const limit = pod.spec?.containers[0]?.resources?.limits?.['memory'];
    return `its pod was killed at its memory limit of ${limit ?? 'the node'} (OOMKilled): raise jobs.resources.limits.memory, or lower the batch size`;
  }
  return `its pod ended with ${signal ? `signal ${signal}` : `exit code ${exitCode}`}`;
}
