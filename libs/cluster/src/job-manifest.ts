import type {
  V1Container,
  V1EnvVar,
  V1Job,
  V1PodSpec,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';
import { failedPrecondition } from '@cassl/errors';
import { jobName } from './job-name.ts';
import type { Task } from './work-place.ts';

/** Annotation: the job's id. */
export const ID = 'cassl/id';
/** Label: the kind of work. */
export const KIND = 'cassl/kind';
/** Where rank 0 listens for the others. */
const RENDEZVOUS_PORT = 29_500;
/** Label: the release, one of many in a namespace. */
export const RELEASE = 'app.kubernetes.io/instance';

/**
 * The Job of a task: the chart's template with its name, arguments, environment, GPUs and nodes filled in.
 * @throws FAILED_PRECONDITION where the template cannot give what the task asks for
 */
export function jobManifest(template: V1Job, task: Task): V1Job {
  const { kind, id, nodes = 1 } = task;
  const job = structuredClone(template);
  const pod = job.spec?.template.spec;
  const container = pod?.containers[0];
  if (job.spec === undefined || pod == null || container === undefined) {
    throw failedPrecondition(`the Job template of ${kind} has no container`);
  }
  const prefix = job.metadata?.labels?.[RELEASE] ?? 'cassl';
  const name = jobName(prefix, kind, id);
  const labels = { ...job.metadata?.labels, [KIND]: kind };
  job.metadata = { ...job.metadata, name, labels, annotations: { ...job.metadata?.annotations, [ID]: id } };
  job.spec.template.metadata = {
    ...job.spec.template.metadata,
    labels: { ...job.spec.template.metadata?.labels, [RELEASE]: prefix, [KIND]: kind },
  };
  container.args = [...(container.args ?? []), task.folder];
  const gpus = setGpus(pod, container, task);
  const own = Object.entries(task.env ?? {}).map(([variable, value]): V1EnvVar => ({
    name: variable,
    value,
  }));
  container.env = [...(container.env ?? []), ...own];
  if (nodes > 1) {
    job.spec.completionMode = 'Indexed';
    job.spec.completions = nodes;
    job.spec.parallelism = nodes;
    if (pod.subdomain === undefined) {
      throw failedPrecondition(
        `${kind} ${id} asks for ${nodes} nodes, but the template of its Job names no Service for their addresses (subdomain)`,
      );
    }
    container.env.push(...rankEnvironment(`${name}-0.${pod.subdomain}`, nodes, gpus));
    pod.topologySpreadConstraints ??= [oneOnEachNode(name)];
  }
  return job;
}

/**
 * What tells a pod of an Indexed Job its place, in the names that PyTorch's launcher uses. A pod starts `LOCAL_WORLD_SIZE`
 * ranks; its first is `GROUP_RANK * LOCAL_WORLD_SIZE`.
 */
function rankEnvironment(master: string, nodes: number, gpus: number): V1EnvVar[] {
  const ranks = Math.max(1, gpus);
  return [
    { name: 'MASTER_ADDR', value: master },
    { name: 'MASTER_PORT', value: String(RENDEZVOUS_PORT) },
    { name: 'WORLD_SIZE', value: String(nodes * ranks) },
    { name: 'LOCAL_WORLD_SIZE', value: String(ranks) },
    {
      name: 'GROUP_RANK',
      valueFrom: {
        fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']" },
      },
    },
  ];
}

/** Pods of several nodes ask for several; fewer are better than none. */
function oneOnEachNode(jobName: string): V1TopologySpreadConstraint {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: { 'batch.kubernetes.io/job-name': jobName } },
  };
}

/** GPUs of the pod: the task's number in place of the template's. */
function setGpus(pod: V1PodSpec, container: V1Container, { kind, id, gpus }: Task): number {
  const { limits = {}, requests = {}, claims } = container.resources ?? {};
  if (claims !== undefined) return checkClaim(pod, kind, id, gpus);
  const resource = Object.keys(limits).find((name) => /gpu|mig-/.test(name));
  const offered = resource === undefined ? 0 : Number(limits[resource]);
  if (gpus === undefined || gpus === offered) return offered;
  if (resource === undefined) {
    throw failedPrecondition(
      `${kind} ${id} asks for ${gpus} GPUs, but the template of its Job has none: install the chart with gpu.kind and jobs.gpus`,
    );
  }
  if (gpus === 0) {
    throw failedPrecondition(
      `${kind} ${id} asks for no GPU, but its Job's image needs one: ask for 1 or more`,
    );
  }
  limits[resource] = String(gpus);
  requests[resource] = String(gpus);
  return gpus;
}

/** A claim's template is of the chart and has the number of its GPUs at the end of its name. */
function checkClaim({ resourceClaims }: V1PodSpec, kind: string, id: string, gpus?: number): number {
  const name = resourceClaims?.[0]?.resourceClaimTemplateName ?? '';
  const offered = Number(/-(\d+)$/.exec(name)?.[1] ?? 1);
  if (gpus === undefined || gpus === offered) return offered;
  throw failedPrecondition(
    `${kind} ${id} asks for ${gpus} GPUs, but the claim of its Job (${name}) has ${offered}: ask for as many, or install the chart with jobs.gpus=${gpus}`,
  );
}
