import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@cassl/checkpoints';
import { generateScenes } from '@cassl/datasets';
import { isEnded } from '@cassl/jobs';
import { JobState, LabelMapping, Optimizer, TrainingSpec, type Training } from '@cassl/proto';
import { downloadCheckpoint } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, kubectl } from './cluster.ts';
import { handOver, killPod, openRelease, type Release } from './release.ts';

const ITERATIONS = 50;
const SCENES = 'file:///data/scenes';

/** Everything that must be kept in step: the mask branch's live batch norm, the moving normaliser, a bound draw of masks. */
const SPEC = TrainingSpec.fromPartial({
  model: {
    preset: 'tiny',
    overrides: {
      resizeShortSide: 64,
      resizeLongSide: 64,
      pyramidChannels: 16,
      towerConvolutions: 1,
      towerGroups: 8,
      maskChannels: 8,
      maskConvolutions: 1,
      maskNorm: 'batch',
      maxMaskInstances: 20,
      normaliser: 'moving-average',
    },
  },
  data: {
    $case: 'labeled',
    value: {
      annotationsUri: `${SCENES}/annotations/instances_train2017.json`,
      imagesUri: `${SCENES}/train2017`,
      labels: LabelMapping.LABEL_MAPPING_CATEGORY,
    },
  },
  schedule: {
    iterations: ITERATIONS,
    batchSize: 5,
    learningRate: 0.002,
    warmupIterations: 10,
    weightDecay: 1e-4,
    clipNorm: 5,
    optimizer: Optimizer.OPTIMIZER_SGD,
  },
  augmentation: 'jitter',
  seed: 9,
  checkpointEvery: 10,
});

let release: Release;
let downloads: string;
beforeAll(async () => {
  downloads = await mkdtemp(join(tmpdir(), 'cassl-rank-pods-'));
  // Half a core a pod: a step takes long enough to be killed in.
  release = await openRelease('ranks', ['jobs.resources.limits.cpu=500m']);
  const out = join(release.sharedFolder, 'scenes');
  await generateScenes({ out, labeled: 12, unlabeled: 0, val: 0, size: 64, seed: 5 });
  handOver(release.sharedFolder);
}, 700_000);
afterAll(async () => {
  await release.remove();
  await rm(downloads, { recursive: true, force: true });
});

const look = async (id: string): Promise<Training> =>
  (await release.clients.trainer.getTraining({ id })).training!;

async function start(id: string, nodes: number): Promise<void> {
  await release.clients.trainer.startTraining({ id, spec: { ...SPEC, nodes } });
}

async function endOf(id: string): Promise<Training> {
  const training = await eventually(
    () => look(id),
    ({ status }) => isEnded(status),
    600_000,
  );
  expect(training.status?.error, id).toBeUndefined();
  expect(training.status?.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  return training;
}

interface RankPod {
  readonly name: string;
  readonly node: string;
  readonly rank: string;
  readonly isRunning: boolean;
}

/** The pods of a training, of every attempt. */
async function rankPods(id: string): Promise<RankPod[]> {
  const jobs = await kubectl(
    '-n',
    release.namespace,
    'get',
    'jobs',
    '-l',
    'cassl/kind=training',
    '-o',
    'json',
  );
  const { items } = JSON.parse(jobs) as {
    items: { metadata: { name: string; annotations: Record<string, string> } }[];
  };
  const names = items.filter(({ metadata }) => metadata.annotations['cassl/id'] === id);
  const selector = `job-name in (${names.map(({ metadata }) => metadata.name).join(',')})`;
  const pods = await kubectl('-n', release.namespace, 'get', 'pods', '-l', selector, '-o', 'json');
  const parsed = JSON.parse(pods) as {
    items: {
      metadata: { name: string; annotations: Record<string, string> };
      spec: { nodeName?: string };
      status: { phase: string };
    }[];
  };
  return parsed.items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName ?? '',
    rank: metadata.annotations['batch.kubernetes.io/job-completion-index'] ?? '',
    isRunning: status.phase === 'Running',
  }));
}

/** The largest difference of a weight or running statistic, as a part of its tensor's largest value where that is above 1. */
async function weightDistance(a: Training, b: Training): Promise<number> {
  const [one, two] = await Promise.all(
    [a, b].map(async ({ checkpointDigest: reference }) => {
      const client = release.clients.registry;
      const { path } = await downloadCheckpoint({ client, reference, cacheDir: downloads });
      return (await readSafetensors(path)).tensors;
    }),
  );
  expect([...one!.keys()]).toEqual([...two!.keys()]);
  const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);
  let largest = 0;
  for (const [name, { data }] of one!) {
    const [values, others] = [floats(data), floats(two!.get(name)!.data)];
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    values.forEach((value, at) => (largest = Math.max(largest, Math.abs(value - others[at]!) / scale)));
  }
  return largest;
}

/** The largest difference of a loss at the steps that both kept, as a part of it where it is above 1. */
function lossDistance(a: Training, b: Training): number {
  const points = new Map(a.curve.map(({ iteration, losses }) => [iteration, losses]));
  const distances = b.curve.flatMap(({ iteration, losses }) =>
    Object.entries(losses).map(([name, value]) => {
      const expected = points.get(iteration)?.[name] ?? Infinity;
      return Math.abs(value - expected) / Math.max(1, expected);
    }),
  );
  expect(distances.length).toBeGreaterThan(0);
  return Math.max(...distances);
}

describe('ranks as pods on two nodes', () => {
  let one: Training;
  let two: Training;

  it('learn what one process learns from the same batches', { timeout: 1_500_000 }, async () => {
    await start('one', 1);
    one = await endOf('one');
    await start('two', 2);
    const pods = await eventually(
      () => rankPods('two'),
      (found) => found.filter(({ isRunning }) => isRunning).length === 2,
      300_000,
    );
    expect(pods.map(({ rank }) => rank).sort()).toEqual(['0', '1']);
    expect(new Set(pods.map(({ node }) => node)).size).toBe(2);
    two = await endOf('two');
    expect(two.curve.at(-1)?.iteration).toBe(ITERATIONS);
    expect(lossDistance(one, two)).toBeLessThan(1e-5);
    expect(await weightDistance(one, two)).toBeLessThan(1e-5);
  });

  it('learn the same as four pods, two a node', { timeout: 1_500_000 }, async () => {
    await start('four', 4);
    const pods = await eventually(
      () => rankPods('four'),
      (found) => found.filter(({ isRunning }) => isRunning).length === 4,
      300_000,
    );
    expect(pods.map(({ rank }) => rank).sort()).toEqual(['0', '1', '2', '3']);
    expect(new Set(pods.map(({ node }) => node)).size).toBe(2);
    const four = await endOf('four');
    expect(four.curve.at(-1)?.iteration).toBe(ITERATIONS);
    expect(lossDistance(one, four)).toBeLessThan(1e-5);
    expect(await weightDistance(one, four)).toBeLessThan(1e-5);
  });

  it(
    'go on from the last checkpoint after one is killed, to the same end',
    { timeout: 1_500_000 },
    async () => {
      await start('killed', 2);
      const killAt = 11 + Math.floor(Math.random() * 15);
      await eventually(
        () => look('killed'),
        ({ status, curve }) => isEnded(status) || (curve.at(-1)?.iteration ?? 0) >= killAt,
        600_000,
      );
      const other = (await rankPods('killed')).find(({ rank, isRunning }) => rank === '1' && isRunning);
      await killPod(release.namespace, other!.name);
      const again = await endOf('killed');
      expect(again.resumedFrom).toBeGreaterThanOrEqual(10);
      expect(lossDistance(two, again)).toBeLessThan(1e-5);
      expect(await weightDistance(two, again), `killed from step ${killAt}`).toBeLessThan(1e-5);
    },
  );
});
