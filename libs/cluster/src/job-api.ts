import { setTimeout as delay } from 'node:timers/promises';
import {
  ApiException,
  BatchV1Api,
  PatchStrategy,
  setHeaderOptions,
  type KubeConfig,
  type V1Job,
} from '@kubernetes/client-node';
import { errorMessage, failedPrecondition, unavailable } from '@cassl/errors';

/** Annotation: how the Job ended has been told, so that the next start of its task makes a new one. */
const TOLD = 'cassl/told';
/** How often a Job that is being deleted is asked for, and how long. */
const GONE_POLL_MS = 250;
const GONE_WITHIN_MS = 180_000;

/** Jobs of one namespace. */
export interface JobApi {
  /** The Job of this name that has something to tell, or this one, made now. */
  obtain(wanted: V1Job): Promise<V1Job>;
  /** Deletes it and its pods; resolves when they are gone. */
  remove(name: string): Promise<void>;
  /** Its end was told. A failure to keep that is nobody's: it would be told twice. */
  markTold(job: V1Job): Promise<void>;
}

/** @throws FAILED_PRECONDITION where the cluster refuses, UNAVAILABLE where it does not answer */
export function jobApi(config: KubeConfig, namespace: string): JobApi {
  const batch = config.makeApiClient(BatchV1Api);
  const toldHere = new Set<string>();

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

  const hasMore = ({ metadata }: V1Job): boolean =>
    metadata?.deletionTimestamp === undefined &&
    metadata?.annotations?.[TOLD] === undefined &&
    !toldHere.has(metadata?.uid ?? '');

  return {
    remove,
    async obtain(wanted) {
      const name = wanted.metadata?.name ?? '';
      const known = await find(name);
      if (known !== undefined && hasMore(known)) return known;
      if (known !== undefined) await remove(name);
      return batch.createNamespacedJob({ namespace, body: wanted }).catch(async (error: unknown) => {
        const other = statusOf(error) === 409 ? await find(name) : undefined;
        if (other !== undefined) return other;
        throw refusal(error, `make Job ${name}`);
      });
    },
    async markTold({ metadata }) {
      const { name = '', uid = '' } = metadata ?? {};
      toldHere.add(uid);
      const body = { metadata: { uid, annotations: { [TOLD]: 'true' } } };
      const asMerge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
      await batch.patchNamespacedJob({ namespace, name, body }, asMerge).catch(() => undefined);
    },
  };
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
  const cause = { cause: error };
  if (status === 403) {
    const missing = "The service account needs the chart's Role (launcher)";
    return failedPrecondition(`cannot ${what}: ${message}. ${missing}`, cause);
  }
  if (status === 400 || status === 422) return failedPrecondition(`cannot ${what}: ${message}`, cause);
  return unavailable(`cannot ${what}: ${message}`, cause);
}
