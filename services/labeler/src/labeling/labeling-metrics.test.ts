import { JobState, Labeling } from '@cassl/proto';
import { Registry } from '@cassl/rpc';
import { describe, expect, it } from 'vitest';
import { registerLabelingMetrics } from './labeling-metrics.ts';

const labeling = (id: string, state: JobState): Labeling =>
  Labeling.fromPartial({
    status: { id, state, progress: { done: 100, total: 300 } },
    spec: { workerPool: 'a100', priority: 2 },
    workerSeconds: 50,
  });

describe('metrics of labelings', () => {
  it('tell what is left, in seconds of one worker, and how long the oldest shard waits', async () => {
    const metrics = new Registry();
    const all = (): Labeling[] => [
      labeling('running', JobState.JOB_STATE_RUNNING),
      labeling('ended', JobState.JOB_STATE_SUCCEEDED),
    ];
    const queue = {
      counts: () => Promise.resolve({ waiting: 7, running: 3 }),
      oldest: () => Promise.resolve(new Date(Date.now() - 90_000)),
    };
    registerLabelingMetrics(metrics, { labelings: { all }, queue });
    const text = await metrics.metrics();
    expect(text).toContain('cassl_labeling_drain_seconds{pool="a100",priority="2"} 100');
    expect(text).toContain('cassl_labeling_waiting_shards{labeling="running"} 7');
    expect(text).toContain('cassl_labeling_running_shards{labeling="running"} 3');
    expect(text).toMatch(/cassl_labeling_oldest_shard_seconds\{labeling="running"\} 90\b/);
    expect(text).not.toContain('labeling="ended"');
  });

  it('leave out what a broker that is away does not tell', async () => {
    const metrics = new Registry();
    const all = (): Labeling[] => [labeling('running', JobState.JOB_STATE_RUNNING)];
    const queue = {
      counts: () => Promise.reject(new Error('away')),
      oldest: () => new Promise<Date>(() => undefined),
    };
    registerLabelingMetrics(metrics, { labelings: { all }, queue });
    const text = await metrics.metrics();
    expect(text).toContain('cassl_labeling_drain_seconds{pool="a100",priority="2"} 100');
    expect(text).not.toContain('labeling="running"');
  });
});
