import { setTimeout as delay } from 'node:timers/promises';
import { openImagePool } from '@cassl/datasets';
import { errorCode } from '@cassl/errors';
import {
  cancelledStatus,
  checkJobId,
  failedStatus,
  isEnded,
  jobProgress,
  queuedStatus,
  startedStatus,
  succeededStatus,
  toJobError,
  type JobRecords,
} from '@cassl/jobs';
import { LabelingSpec, type JobStatus, type Labeling, type LabelingShardResult } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { checkLabelingSpec } from './check-labeling-spec.ts';
import { assertAgnostic, type FindCheckpoint } from '../find-checkpoint.ts';
import type { ShardQueue } from './shard-queue.ts';
import { tallyShards } from './tally-shards.ts';

export interface Labelings {
  start(id: string, spec: LabelingSpec | undefined): Promise<Labeling>;
  /** With the addresses of its label files. */
  get(id: string): Promise<Labeling>;
  watch(id: string, signal: AbortSignal): AsyncIterable<Labeling>;
  cancel(id: string): Promise<Labeling>;
  stop(): Promise<void>;
}

export interface LabelingsOptions {
  readonly records: JobRecords<Labeling>;
  readonly shards: ShardQueue;
  readonly findCheckpoint: FindCheckpoint;
  readonly logger: Logger;
  readonly onChange: (labeling: Labeling) => void;
}

const DEFAULT_SHARD_SIZE = 256;
const LOOK_FOR_DEAD_EVERY_MS = 3000;

/**
 * Labeling jobs: cuts the pool into shards, queues them, and adds up the results that workers leave behind. Queueing a
 * shard twice is harmless, so a restart simply queues again what has no result yet.
 */
export function runLabelings(options: LabelingsOptions): Labelings {
  const { records, shards, findCheckpoint, logger, onChange } = options;
  const stopping = new AbortController();
  const following = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();

  const follow = (id: string): void => {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, stopping.signal]);
    const done = run(id, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) return end(id, failedStatus(statusOf(id), toJobError(error)));
        return undefined;
      })
      .finally(() => following.delete(id));
    following.set(id, { stop, done });
  };

  const run = async (id: string, signal: AbortSignal): Promise<void> => {
    records.change(id, (now) => ({ ...now, status: startedStatus(now.status ?? queuedStatus(id)) }));
    await persist(() => fillQueue(id, signal), signal);
    const results = new Map<number, LabelingShardResult>();
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    const dead = watchDead(id, results, until).finally(() => over.abort());
    for await (const { value } of shards.results.watch({ prefix: id, signal: until })) {
      if (value === undefined) continue;
      results.set(value.index, value);
      const changed = records.change(id, (now) => tallyShards(now, results));
      onChange(changed);
      if (results.size === changed.shardCount) over.abort();
    }
    await dead;
    signal.throwIfAborted();
    const { deadShards } = records.require(id);
    if (deadShards.length === 0) return end(id, succeededStatus(statusOf(id)));
    const message = `${deadShards.length} shards were given up: ${deadShards.slice(0, 3).join('; ')}`;
    return end(id, failedStatus(statusOf(id), { code: 'FAILED_PRECONDITION', message }));
  };

  /** Tries again while the broker is away. */
  const persist = async (action: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        signal.throwIfAborted();
        if (errorCode(error) !== 'UNAVAILABLE') throw error;
        logger.warn({ err: error }, 'the broker is away, trying again');
        await delay(1000, undefined, { signal });
      }
    }
  };

  const fillQueue = async (id: string, signal: AbortSignal): Promise<void> => {
    const { spec, checkpointDigest, shardCount } = records.require(id);
    if (spec?.pool === undefined) throw new TypeError('a kept labeling has a pool');
    if (shardCount > 0) return;
    const epoch = await shards.queue.epoch(id);
    const pool = await openImagePool(spec.pool.uri, spec.pool.limit === 0 ? {} : { limit: spec.pool.limit });
    const imagesPerShard = spec.shardSize === 0 ? DEFAULT_SHARD_SIZE : spec.shardSize;
    let index = 0;
    let images = 0;
    for await (const shard of pool.shards({ imagesPerShard })) {
      signal.throwIfAborted();
      await shards.queue.enqueue({
        job: id,
        id: shard.id,
        epoch,
        payload: {
          labelingId: id,
          index,
          descriptorJson: JSON.stringify(shard),
          checkpointDigest,
          threshold: spec.options?.threshold || 0.05,
          nonOverlap: spec.options?.nonOverlap ?? false,
          maxDetections: spec.options?.maxDetections ?? 0,
          outputUri: spec.outputUri,
          epoch,
        },
      });
      index += 1;
      images += shard.entries.length;
    }
    records.change(id, (now) => ({
      ...now,
      shardCount: index,
      status: {
        ...(now.status ?? queuedStatus(id)),
        progress: jobProgress({ total: images, unit: 'images' }),
      },
    }));
    await records.flush(id);
    logger.info({ labeling: id, shards: index, images }, 'shards queued');
  };

  /** Ends when every shard has a result or was given up. */
  const watchDead = async (
    id: string,
    results: ReadonlyMap<number, LabelingShardResult>,
    signal: AbortSignal,
  ): Promise<void> => {
    while (!signal.aborted) {
      await delay(LOOK_FOR_DEAD_EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const dead = await shards.queue.dead(id).catch(() => []);
      const lost = dead.filter(({ payload }) => !results.has(payload.index));
      if (lost.length === 0) continue;
      const deadShards = lost.map(({ payload, reason }) => `shard ${payload.index}: ${reason}`);
      const changed = records.change(id, (now) => ({ ...now, deadShards }));
      if (results.size + lost.length >= changed.shardCount) return;
    }
  };

  const end = async (id: string, status: JobStatus): Promise<void> => {
    const ended = records.change(id, (now) => ({ ...now, status }));
    await records.flush(id);
    const { labeledImages, emptyImages, failedImages } = ended;
    logger.info(
      { labeling: id, state: status.state, labeledImages, emptyImages, failedImages },
      'labeling ended',
    );
    onChange(ended);
  };

  const statusOf = (id: string): JobStatus => records.require(id).status ?? queuedStatus(id);

  /** The addresses may be too many for the record, so they live with the results. */
  const withLabels = async (labeling: Labeling): Promise<Labeling> => {
    const kept = await shards.results.list(labeling.status?.id ?? '');
    return { ...labeling, labelUris: kept.map(({ value }) => value.labelUri) };
  };

  for (const { status } of records.list()) {
    if (status !== undefined && !isEnded(status)) follow(status.id);
  }

  return {
    async start(id, spec) {
      checkJobId('StartLabelingRequest.id', id);
      const checked = await checkLabelingSpec(spec);
      const found = await findCheckpoint(checked.checkpoint);
      assertAgnostic(found);
      const kept = LabelingSpec.encode(checked).finish();
      const { job, created } = await records.create(
        id,
        newLabeling(id, checked, found.checkpoint.digest),
        (known) =>
          known.spec === undefined
            ? false
            : Buffer.compare(kept, LabelingSpec.encode(known.spec).finish()) === 0,
      );
      if (created) follow(id);
      return job;
    },
    get: (id) => withLabels(records.require(id)),
    async *watch(id, signal) {
      for await (const labeling of records.watch(id, signal)) yield await withLabels(labeling);
    },
    async cancel(id) {
      const labeling = records.require(id);
      if (isEnded(labeling.status)) return labeling;
      following.get(id)?.stop.abort();
      await following.get(id)?.done;
      if (!isEnded(records.require(id).status)) await end(id, cancelledStatus(statusOf(id)));
      await shards.queue.cancel(id);
      return records.require(id);
    },
    async stop() {
      stopping.abort();
      await Promise.all([...following.values()].map(({ done }) => done));
    },
  };
}

function newLabeling(id: string, spec: LabelingSpec, checkpointDigest: string): Labeling {
  return {
    status: queuedStatus(id, { unit: 'images' }),
    spec,
    checkpointDigest,
    shardCount: 0,
    shardsDone: 0,
    labeledImages: 0,
    emptyImages: 0,
    failedImages: 0,
    labelCount: 0,
    failures: [],
    labelUris: [],
    deadShards: [],
  };
}
