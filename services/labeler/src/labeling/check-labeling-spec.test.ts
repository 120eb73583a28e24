import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LabelingSpec, Teacher, TeacherHealthPolicy } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLabelingSpec, checkLimits } from './check-labeling-spec.ts';
import { laneOf, limitsOf } from './labeling-spec.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-spec-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const specOf = (changes: Partial<LabelingSpec> = {}): LabelingSpec =>
  LabelingSpec.fromPartial({
    checkpoint: 'labeler@prod',
    pool: { uri: 'file:///pool' },
    outputUri: pathToFileURL(home).href,
    ...changes,
  });
const options = (threshold: number, maxDetections = 0) => ({
  threshold,
  maxDetections,
  nonOverlap: false,
  classSpecific: false,
});
const health = (changes: Partial<TeacherHealthPolicy>): TeacherHealthPolicy =>
  TeacherHealthPolicy.fromPartial(changes);

describe('a specification of a labeling', () => {
  it('is taken as it came, and leaves nothing of the trial in its output', async () => {
    const spec = specOf();
    expect(await checkLabelingSpec(spec)).toBe(spec);
    const left = await readdir(home, { recursive: true });
    expect(left.filter((name) => name.includes('trial'))).toEqual([]);
  });

  it('may be at its bounds', async () => {
    for (const changes of [
      { shardSize: 4096, priority: -100, weight: 1000, maxWorkers: 100_000, maxFailureRate: 1 },
      { priority: 100, maxFailureRate: 0, workerPool: 'a'.repeat(64) },
      { options: options(0.999999, 1000), health: health({ maxEmptyRate: 1, maxDrift: 1000 }) },
    ])
      await expect(checkLabelingSpec(specOf(changes))).resolves.toBeDefined();
  });

  it.each<[Partial<LabelingSpec>, string]>([
    [{ shardSize: 4097 }, 'LabelingSpec.shard_size must be 0 to 4096, got 4097'],
    [{ priority: 101 }, 'LabelingSpec.priority must be -100 to 100, got 101'],
    [{ priority: -101 }, 'LabelingSpec.priority must be -100 to 100, got -101'],
    [{ weight: 1001 }, 'LabelingSpec.weight must be 0 to 1000, got 1001'],
    [{ maxWorkers: 100_001 }, 'LabelingSpec.max_workers must be 0 to 100000, got 100001'],
    [{ maxFailureRate: 1.01 }, 'LabelingSpec.max_failure_rate must be 0 to 1, got 1.01'],
    [{ maxFailureRate: NaN }, 'LabelingSpec.max_failure_rate must be 0 to 1, got NaN'],
    [{ health: health({ maxEmptyRate: 2 }) }, 'LabelingSpec.health.max_empty_rate must be 0 to 1, got 2'],
    [{ health: health({ maxDrift: -1 }) }, 'LabelingSpec.health.max_drift must be 0 to 1000, got -1'],
    [{ options: options(1) }, 'LabelingSpec.options.threshold must be in [0, 1), got 1'],
    [{ options: options(-0.1) }, 'LabelingSpec.options.threshold must be in [0, 1), got -0.1'],
    [{ options: options(NaN) }, 'LabelingSpec.options.threshold must be in [0, 1), got NaN'],
    [{ options: options(0.1, 1001) }, 'LabelingSpec.options.max_detections must be 0 to 1000, got 1001'],
    [
      { workerPool: 'gpu pool' },
      'LabelingSpec.worker_pool must be at most 64 of [A-Za-z0-9_-], got "gpu pool"',
    ],
    [
      { checkpoint: 'a', teacher: Teacher.fromPartial({}) },
      'LabelingSpec.checkpoint must be empty beside LabelingSpec.teacher, got "a"',
    ],
  ])('names field, value and bound of %o', async (changes, message) => {
    await expect(checkLabelingSpec(specOf(changes))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    });
  });

  it('must be there, and so must its pool', async () => {
    await expect(checkLabelingSpec(undefined)).rejects.toThrow('StartLabelingRequest.spec is missing');
    await expect(checkLabelingSpec(specOf({ pool: undefined }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('LabelingSpec.pool.uri') as string,
    });
  });

  it('is refused where its labels cannot be kept', async () => {
    const outputUri = 'file:///proc/cassl-labels';
    await expect(checkLabelingSpec(specOf({ outputUri }))).rejects.toThrow(
      /nothing can be written to LabelingSpec\.output_uri "file:\/\/\/proc\/cassl-labels"/,
    );
    await expect(checkLabelingSpec(specOf({ outputUri: 'labels' }))).rejects.toThrow(/output_uri/);
  });
});

describe('limits of a request', () => {
  it('may be left out', () => {
    expect(() => checkLimits('LabelRequest.options', undefined)).not.toThrow();
  });

  it('are named by the field that they stand in', () => {
    expect(() => checkLimits('DetectRequest.options', { threshold: 1.5, maxDetections: 0 })).toThrow(
      'DetectRequest.options.threshold must be in [0, 1), got 1.5',
    );
  });

  it('have defaults in a job', () => {
    expect(limitsOf(specOf())).toEqual({
      threshold: 0.05,
      maxDetections: 100,
      nonOverlap: false,
      classSpecific: false,
      shardSize: 256,
    });
    const given = specOf({ shardSize: 7, options: { ...options(0.4, 9), nonOverlap: true } });
    expect(limitsOf(given)).toMatchObject({
      threshold: 0.4,
      maxDetections: 9,
      nonOverlap: true,
      shardSize: 7,
    });
  });

  it('of its lane are those of the specification, and a weight of 1 where none is given', () => {
    expect(laneOf(specOf())).toEqual({ priority: 0, weight: 1, maxRunning: 0, pool: '' });
    expect(laneOf(specOf({ priority: -3, weight: 5, maxWorkers: 2, workerPool: 'gpu' }))).toEqual({
      priority: -3,
      weight: 5,
      maxRunning: 2,
      pool: 'gpu',
    });
  });
});
