import { Labeling, LabelingShardResult } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { tallyShards } from './tally-shards.ts';

const shard = (index: number, changes: object): LabelingShardResult =>
  LabelingShardResult.fromPartial({ index, labelUri: `file:///${index}`, ...changes });

describe('tallyShards', () => {
  it('adds up results by shard, whatever order they come in', () => {
    const labeling = Labeling.fromPartial({
      status: { id: 'job', startedAt: new Date(Date.now() - 1000), progress: { total: 8 } },
    });
    const failures = [{ key: 'b.jpg', code: 'INVALID_ARGUMENT', message: 'truncated' }];
    const results = new Map([
      [1, shard(1, { labeledImages: 2, emptyImages: 1, labelCount: 9, failures })],
      [0, shard(0, { labeledImages: 3, labelCount: 4 })],
    ]);
    expect(tallyShards(labeling, results)).toMatchObject({
      shardsDone: 2,
      labeledImages: 5,
      emptyImages: 1,
      failedImages: 1,
      labelCount: 13,
      failures: [{ key: 'b.jpg', error: { code: 'INVALID_ARGUMENT', message: 'truncated' } }],
      status: { progress: { done: 7, total: 8, unit: 'images' } },
    });
  });

  it('lists a hundred failures and counts the rest', () => {
    const failures = Array.from({ length: 70 }, (_, index) => ({
      key: `${index}`,
      code: 'NOT_FOUND',
      message: 'gone',
    }));
    const results = new Map([0, 1].map((index) => [index, shard(index, { failures })]));
    const tallied = tallyShards(Labeling.fromPartial({ status: { id: 'job' } }), results);
    expect(tallied.failedImages).toBe(140);
    expect(tallied.failures).toHaveLength(100);
  });
});
