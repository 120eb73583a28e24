import { jobProgress } from '@cassl/jobs';
import type { Labeling, LabelingShardResult } from '@cassl/proto';

/** Failures that a job lists; the rest is only counted. */
const LISTED_FAILURES = 100;

/** A labeling with the sums of its shards' results. */
export function tallyShards(labeling: Labeling, results: ReadonlyMap<number, LabelingShardResult>): Labeling {
  const shards = [...results.values()].sort((a, b) => a.index - b.index);
  const sum = (count: (shard: LabelingShardResult) => number): number =>
    shards.reduce((total, shard) => total + count(shard), 0);
  const labeledImages = sum((shard) => shard.labeledImages);
  const emptyImages = sum((shard) => shard.emptyImages);
  const failedImages = sum((shard) => shard.failures.length);
  const done = labeledImages + emptyImages + failedImages;
  const { status } = labeling;
  const total = status?.progress?.total ?? 0;
  const seconds = (Date.now() - (status?.startedAt?.getTime() ?? Date.now())) / 1000;
  const rate = seconds > 0 ? done / seconds : 0;
  const etaSeconds = rate > 0 ? Math.max(0, total - done) / rate : 0;
  return {
    ...labeling,
    status:
      status === undefined
        ? undefined
        : { ...status, progress: jobProgress({ done, total, unit: 'images', rate, etaSeconds }) },
    shardsDone: shards.length,
    labeledImages,
    emptyImages,
    failedImages,
    labelCount: sum((shard) => shard.labelCount),
    failures: shards
      .flatMap((shard) => shard.failures)
      .slice(0, LISTED_FAILURES)
      .map(({ key, code, message }) => ({ key, error: { code, message } })),
  };
}
