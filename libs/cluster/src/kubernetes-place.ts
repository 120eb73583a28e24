import { readFile } from 'node:fs/promises';
import { BatchV1Api, CoreV1Api, KubeConfig, type V1Job, type V1Pod } from '@kubernetes/client-node';
import { errorMessage, failedPrecondition, invalidArgument, unavailable } from '@cassl/errors';
import { parse } from 'yaml';
import { followJob, type JobView } from './follow-job.ts';
import { jobApi } from './job-api.ts';
import { ID, jobManifest, KIND, RELEASE } from './job-manifest.ts';
import { jobName } from './job-name.ts';
import { watchObjects } from './watch-objects.ts';
import type { Task, Work, WorkEnd, WorkPlace } from './work-place.ts';

export interface KubernetesPlaceOptions {
  /** YAML file of each kind's Job, as the chart renders it; its namespace is where Jobs are made. */
  readonly templates: Readonly<Record<string, string>>;
  /** @default the pod's own account, else the user's kubeconfig */
  readonly config?: KubeConfig;
  readonly logger: { warn(fields: object, message: string): void };
  /** See `watchObjects`. */
  readonly relistMs?: number;
}

/**
 * Runs work as Kubernetes Jobs of one namespace. They outlive this process: `start` with the id of a Job that runs, or that
 * ended while nobody looked, adopts it.
 */
export async function kubernetesPlace(options: KubernetesPlaceOptions): Promise<WorkPlace> {
  const config = options.config ?? defaultConfig();
  const templates = await readTemplates(options.templates);
  const first = [...templates.values()][0]?.metadata;
  const namespace = first?.namespace ?? 'default';
  const release = first?.labels?.[RELEASE] ?? 'cassl';
  const selectorOf = (kinds: readonly string[]): string =>
    `${RELEASE}=${release},${KIND} in (${kinds.join(',')})`;
  const api = jobApi(config, namespace);
  const views = new Map<string, JobView>();
  const labelSelector = selectorOf([...templates.keys()]);
  const watching = watchJobs({ ...options, config, namespace, labelSelector, views });

  const start = async (task: Task): Promise<Work> => {
    const template = templates.get(task.kind);
    if (template === undefined) throw failedPrecondition(`there is no Job template for ${task.kind}`);
    const job = await api.obtain(jobManifest(template, task));
    const { name = '', uid = '' } = job.metadata ?? {};
    const view = followJob({ config, namespace, name, uid, task });
    views.set(name, view);
    watching.look();
    const finish = async (): Promise<WorkEnd> => {
      const end = await view.ended;
      views.delete(name);
      if (end.outcome === 'failed' || end.outcome === 'succeeded') await api.markTold(job);
      return end;
    };
    const ended = finish();
    return {
      name,
      ended,
      async stop() {
        view.finish({ outcome: 'stopped', reason: 'stopped' });
        await api.remove(name);
        return ended;
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
      const batch = config.makeApiClient(BatchV1Api);
      const { items } = await batch
        .listNamespacedJob({ namespace, labelSelector: selectorOf([kind]) })
        .catch((error: unknown) => {
          throw unavailable(`cannot list Jobs of ${namespace}: ${errorMessage(error)}`, { cause: error });
        });
      return items.filter((job) => !isOver(job)).map(({ metadata }) => metadata?.annotations?.[ID] ?? '');
    },
    end: (kind, id) => api.remove(jobName(release, kind, id)),
    async close() {
      for (const view of views.values()) view.finish({ outcome: 'stopped', reason: 'the launcher stops' });
      await watching.close();
    },
  };
}

interface Watched extends KubernetesPlaceOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  readonly labelSelector: string;
  readonly views: ReadonlyMap<string, JobView>;
}

/** Shows every view its Job and pods, each time they change and every few seconds. */
function watchJobs(watched: Watched): { look(): void; close(): Promise<void> } {
  const { config, namespace, labelSelector, views, logger, relistMs } = watched;
  const closing = new AbortController();
  let jobs: ReadonlyMap<string, V1Job> = new Map();
  let pods: ReadonlyMap<string, V1Pod> = new Map();
  const look = (): void => {
    for (const [name, view] of views) {
      const isOwn = ({ metadata }: V1Pod): boolean =>
        metadata?.labels?.['batch.kubernetes.io/job-name'] === name;
      view.look(jobs.get(name), [...pods.values()].filter(isOwn));
    }
  };
  const common = {
    config,
    labelSelector,
    signal: closing.signal,
    ...(relistMs !== undefined && { relistMs }),
    onError: (error: unknown) =>
      logger.warn({ reason: errorMessage(error) }, 'the cluster does not answer, asking again'),
  };
  const batch = config.makeApiClient(BatchV1Api);
  const core = config.makeApiClient(CoreV1Api);
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
  return {
    look,
    async close() {
      closing.abort();
      clearInterval(clock);
      await Promise.all(watching);
    },
  };
}

async function readTemplates(files: Readonly<Record<string, string>>): Promise<Map<string, V1Job>> {
  const templates = new Map<string, V1Job>();
  for (const [kind, path] of Object.entries(files)) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw invalidArgument(`the Job template of ${kind} cannot be read: ${errorMessage(error)}`);
    });
    templates.set(kind, parse(text) as V1Job);
  }
  return templates;
}

function isOver({ status, metadata }: V1Job): boolean {
  const ends = ['Complete', 'Failed'];
  const hasEnded = status?.conditions?.some((one) => ends.includes(one.type) && one.status === 'True');
  return hasEnded === true || metadata?.deletionTimestamp !== undefined;
}

function defaultConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
