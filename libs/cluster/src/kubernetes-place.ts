import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ApiException,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  type V1Job,
  type V1Pod,
} from '@kubernetes/client-node';
import { errorMessage, failedPrecondition, unavailable } from '@cassl/errors';
import { parse } from 'yaml';
import { followJob, type JobView } from './follow-job.ts';
import { ID, jobManifest, KIND } from './job-manifest.ts';
import { watchObjects } from './watch-objects.ts';
import type { Task, Work, WorkPlace } from './work-place.ts';

export interface KubernetesPlaceOptions {
  /** YAML file of each kind's Job, as the chart renders it; its namespace is where Jobs are made. */
  readonly templates: Readonly<Record<string, string>>;
  /** @default the pod's own account, else the user's kubeconfig */
  readonly config?: KubeConfig;
  readonly logger: { warn(fields: object, message: string): void };
  /** See `watchObjects`. */
  readonly relistMs?: number;
}

/** How often a Job that is being deleted is asked for, and how long. */
const GONE_POLL_MS = 250;
const GONE_WITHIN_MS = 180_000;

/**
 * Runs work as Kubernetes Jobs of one namespace. They outlive this process: `start` with the id of a Job that runs, or that
 * ended while nobody looked, adopts it.
 */
export async function kubernetesPlace(options: KubernetesPlaceOptions): Promise<WorkPlace> {
  const { logger, relistMs } = options;
  const config = options.config ?? defaultConfig();
  const templates = new Map<string, V1Job>();
  for (const [kind, path] of Object.entries(options.templates)) {
    templates.set(kind, parse(await readFile(path, 'utf8')) as V1Job);
  }
  const namespace = [...templates.values()][0]?.metadata?.namespace ?? 'default';
  const batch = config.makeApiClient(BatchV1Api);
  const core = config.makeApiClient(CoreV1Api);
  const closing = new AbortController();
  const followed = new Map<string, JobView>();
  /** Jobs whose failure was told: the next start makes a new one. */
  const told = new Set<string>();
  let jobs: ReadonlyMap<string, V1Job> = new Map();
  let pods: ReadonlyMap<string, V1Pod> = new Map();

  const look = (): void => {
    for (const [name, view] of followed) {
      const own = [...pods.values()].filter(
        (pod) => pod.metadata?.labels?.['batch.kubernetes.io/job-name'] === name,
      );
      view.look(jobs.get(name), own);
    }
  };
  const labelSelector = `${KIND} in (${[...templates.keys()].join(',')})`;
  const common = {
    config,
    labelSelector,
    signal: closing.signal,
    ...(relistMs !== undefined && { relistMs }),
    onError: (error: unknown) =>
      logger.warn({ reason: errorMessage(error) }, 'the cluster does not answer, asking again'),
  };
  const watching = [
    watchObjects<V1Job>({
      ...common,
      path: `/apis/batch/v1/namespaces/${namespace}/jobs`,
      list: () => batch.listNamespacedJob({ namespace, labelSelector }),
      onChange: (objects) => {
        jobs = new Map(objects);
        look();
      },
    }),
    watchObjects<V1Pod>({
      ...common,
      path: `/api/v1/namespaces/${namespace}/pods`,
      list: () => core.listNamespacedPod({ namespace, labelSelector }),
      onChange: (objects) => {
        pods = new Map(objects);
        look();
      },
    }),
  ];
  // What no event tells, such as a node that is silent, shows by the clock.
  const clock = setInterval(look, 5000);

  const find = (name: string): Promise<V1Job | undefined> =>
    batch.readNamespacedJob({ namespace, name }).catch((error: unknown) => {
      if (statusOf(error) === 404) return undefined;
      throw refusal(error, `read Job ${name}`);
    });

  const remove = async (name: string): Promise<void> => {
    try {
      // Foreground: the Job is gone only when its pods are.
      await batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Foreground' });
    } catch (error) {
      if (statusOf(error) !== 404) throw refusal(error, `delete Job ${name}`);
    }
    for (let waitedMs = 0; waitedMs < GONE_WITHIN_MS; waitedMs += GONE_POLL_MS) {
      if ((await find(name)) === undefined) return;
      await delay(GONE_POLL_MS);
    }
    throw unavailable(
      `Job ${name} is not gone ${GONE_WITHIN_MS / 1000} s after its deletion: see its pods and their node`,
    );
  };

  /** The Job of this task: one that is there, or a new one. */
  const obtain = async (wanted: V1Job): Promise<V1Job> => {
    const name = wanted.metadata?.name ?? '';
    const known = await find(name);
    const isTold = told.delete(known?.metadata?.uid ?? '');
    if (known !== undefined && !isTold && known.metadata?.deletionTimestamp === undefined) return known;
    if (known !== undefined) await remove(name);
    return batch.createNamespacedJob({ namespace, body: wanted }).catch(async (error: unknown) => {
      const other = statusOf(error) === 409 ? await find(name) : undefined;
      if (other !== undefined) return other;
      throw refusal(error, `make Job ${name}`);
    });
  };

  const start = async (task: Task): Promise<Work> => {
    const template = templates.get(task.kind);
    if (template === undefined) throw failedPrecondition(`there is no Job template for ${task.kind}`);
    const wanted = jobManifest(template, task);
    const name = wanted.metadata?.name ?? '';
    const job = await obtain(wanted);
    const view = followJob({ config, namespace, name, uid: job.metadata?.uid ?? '', task });
    followed.set(name, view);
    view.look(job, []);
    void view.ended.then((end) => {
      followed.delete(name);
      if (end.outcome === 'failed') told.add(job.metadata?.uid ?? '');
    });
    return {
      name,
      ended: view.ended,
      async stop() {
        view.finish({ outcome: 'stopped', reason: 'stopped' });
        await remove(name);
        return view.ended;
      },
      leave: () => {
        view.finish({ outcome: 'stopped', reason: 'left to another leader' });
        return Promise.resolve();
      },
      lastLines: (count) => Promise.resolve(view.lines.slice(-count)),
    };
  };

  return {
    start,
    async running(kind) {
      const { items } = await batch.listNamespacedJob({ namespace, labelSelector: `${KIND}=${kind}` });
      return items
        .filter(({ status }) => status?.completionTime === undefined)
        .map(({ metadata }) => metadata?.annotations?.[ID] ?? '');
    },
    async close() {
      closing.abort();
      clearInterval(clock);
      for (const view of followed.values()) view.finish({ outcome: 'stopped', reason: 'the launcher stops' });
      await Promise.all(watching);
    },
  };
}

function defaultConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof ApiException ? error.code : undefined;
}

/** What the API server answered, as an error of ours. */
function refusal(error: unknown, what: string): Error {
  const status = statusOf(error);
  const body = error instanceof ApiException ? String(error.body) : '';
  const message =
    /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1]?.replaceAll('\\"', '"') ?? errorMessage(error);
  if (status === 403) {
    return failedPrecondition(
      `cannot ${what}: ${message}. The service account needs the chart's Role (launcher)`,
      { cause: error },
    );
  }
  if (status === 400 || status === 422)
    return failedPrecondition(`cannot ${what}: ${message}`, { cause: error });
  return unavailable(`cannot ${what}: ${message}`, { cause: error });
}
