import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSafetensors } from '@cassl/checkpoints';
import { generateScenes } from '@cassl/datasets';
import { loadTorchAddon } from '@cassl/engine-torch';
import { Optimizer, TrainingSpec, type TrainingPoint } from '@cassl/proto';
import { startWorkerProcess } from '@cassl/workers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { launchRanks } from './launch-ranks.ts';
import { planRanks } from './rank-plan.ts';
import type { TrainingMessage } from './training-messages.ts';

const ENTRY = join(import.meta.dirname, 'rank-worker.fixture.ts');
const ITERATIONS = 50;
/** Half a minute on two free cores; machines that are busy take longer. */
const LONG = 600_000;
const hasCollectives = ((): boolean => {
  try {
    return loadTorchAddon().operations['openGroup'] !== undefined;
  } catch {
    return false;
  }
})();

let root: string;
let spec: TrainingSpec;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-ranks-'));
  vi.stubEnv('CASSL_ENGINE', 'torch').stubEnv('CASSL_DATA_ROOTS', root).stubEnv('CASSL_LOG_LEVEL', 'warn');
  await generateScenes({ out: join(root, 'scenes'), labeled: 12, unlabeled: 0, val: 0, size: 64, seed: 5 });
  const uri = (path: string): string => pathToFileURL(join(root, 'scenes', path)).href;
  spec = TrainingSpec.fromPartial({
    // Everything that must be kept in step: the mask branch's live batch norm, the moving normaliser, a bound draw of masks.
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
      value: { annotationsUri: uri('annotations/instances_train2017.json'), imagesUri: uri('train2017') },
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
}, 60_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true, force: true });
});

interface Trained {
  readonly folder: string;
  readonly curve: readonly TrainingPoint[];
  readonly resumedFrom: number;
}

async function writeJob(folder: string, ranks: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const job = {
    id: 'ranks',
    spec: TrainingSpec.toJSON({ ...spec, ranks }),
    registryAddress: '127.0.0.1:1',
    cacheDir: root,
  };
  await writeFile(join(folder, 'job.json'), JSON.stringify(job));
}

/** Trains on so many ranks in a folder of its own; with `killAt`, rank 1 is killed once that step was reported. */
async function train(
  ranks: number,
  { folder = join(root, `on-${ranks}`), killAt = Infinity }: { folder?: string; killAt?: number } = {},
): Promise<Trained> {
  await writeJob(folder, ranks);
  const curve: TrainingPoint[] = [];
  let resumedFrom = 0;
  let pids: number[] = [];
  await launchRanks({
    plan: planRanks({ ...spec, ranks }, {}),
    entry: ENTRY,
    folder,
    signal: AbortSignal.timeout(LONG),
    logger: {
      info: (fields: { pids: number[] }) => void (pids = fields.pids),
      warn: () => undefined,
    } as never,
    report(raw) {
      const message = raw as TrainingMessage;
      if (message.type === 'started') ({ resumedFrom } = message);
      if (message.type === 'progress') {
        curve.push(message.point);
        if (message.point.iteration >= killAt) process.kill(pids.at(-1)!, 'SIGKILL');
      }
      return Promise.resolve();
    },
  });
  return { folder, curve, resumedFrom };
}

/** The largest difference of a weight or running statistic, as a part of its tensor's largest value where that is above 1. */
async function distance(a: Trained, b: Trained): Promise<number> {
  const [one, two] = await Promise.all(
    [a, b].map(async ({ folder }) => (await readSafetensors(join(folder, 'model.safetensors'))).tensors),
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

/** The largest difference of a loss at the steps that both reported, as a part of it where it is above 1. */
function lossDistance(a: Trained, b: Trained): number {
  const points = new Map(a.curve.map(({ iteration, losses }) => [iteration, losses]));
  const distances = b.curve.flatMap(({ iteration, losses }) =>
    Object.entries(losses).map(([name, value]) => {
      const expected = points.get(iteration)![name]!;
      return Math.abs(value - expected) / Math.max(1, expected);
    }),
  );
  return Math.max(...distances);
}

describe.skipIf(!hasCollectives)('ranks (need the addon built with c10d)', () => {
  let one: Trained;
  let two: Trained;

  it('two and four learn what one process learns from the same batches', { timeout: LONG }, async () => {
    one = await train(1);
    two = await train(2);
    for (const several of [two, await train(4)]) {
      expect(several.curve).toHaveLength(one.curve.length);
      expect(lossDistance(one, several)).toBeLessThan(1e-5);
      expect(await distance(one, several)).toBeLessThan(1e-5);
    }
  });

  it(
    'go on after one is killed, to the same end, also on another number of ranks',
    { timeout: LONG },
    async () => {
      const killAt = 12 + Math.floor(Math.random() * 30);
      const folder = join(root, 'killed');
      const killed = train(2, { folder, killAt });
      await expect(killed, `killed at ${killAt}`).rejects.toThrow(/rank 1 of 2 ended with SIGKILL/);
      const alone = `${folder}-goes-on-alone`;
      await cp(folder, alone, { recursive: true });

      const again = await train(2, { folder });
      expect(again.resumedFrom).toBeGreaterThanOrEqual(10);
      expect(await distance(two, again), `killed at ${killAt}`).toBe(0);

      const other = await train(1, { folder: alone });
      expect(other.resumedFrom).toBe(again.resumedFrom);
      expect(lossDistance(one, other)).toBeLessThan(1e-5);
      expect(await distance(one, other), `killed at ${killAt}`).toBeLessThan(1e-5);
    },
  );

  it(
    'are launched by the worker, and all stop at one step when it is asked to',
    { timeout: LONG },
    async () => {
      const folder = join(root, 'stopped');
      await writeJob(folder, 2);
      const messages: TrainingMessage[] = [];
      const worker = startWorkerProcess({
        entry: ENTRY,
        argv: [folder],
        onMessage(message) {
          messages.push(message as TrainingMessage);
          if (messages.at(-1)?.type === 'progress') void worker.stop(LONG);
        },
      });
      expect(await worker.exited).toEqual({ code: 0, signal: null });
      expect(messages[0]).toMatchObject({ type: 'started', engine: expect.stringContaining('2 ranks') });
      expect(messages.at(-1)).toMatchObject({ type: 'checkpoint', iteration: expect.any(Number) });
    },
  );
});
