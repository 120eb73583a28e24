import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openCocoDataset, generateScenes, type Dataset } from '@cassl/datasets';
import {
  createDetector,
  detectorPreset,
  learningRateAt,
  type Detector,
  type DetectorConfigInput,
} from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { Schedule, SoftTeacher } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJointLearning, type JointLearning } from './joint-learning.ts';
import { streamBatches } from './stream-batches.ts';
import { trainDetector } from './train-detector.ts';
import { loadTrainingCheckpoint, saveTrainingCheckpoint } from './training-checkpoint.ts';
import { createTrainingOptimizer, loadOptimizer, optimizerState } from './training-optimizer.ts';
import { toLearningRateSchedule } from './training-schedule.ts';

const ITERATIONS = 5;
const SCHEDULE = Schedule.fromPartial({
  iterations: ITERATIONS,
  batchSize: 2,
  learningRate: 1e-3,
  weightDecay: 0.05,
});
/** Small heads, so that a step takes a fraction of a second. */
const SMALL: DetectorConfigInput = {
  resizeShortSide: 64,
  resizeLongSide: 64,
  pyramidChannels: 16,
  towerConvolutions: 1,
  towerGroups: 8,
  maskChannels: 8,
  maskConvolutions: 1,
  normaliser: 'moving-average',
};
const SWIN: DetectorConfigInput = {
  ...SMALL,
  backbone: 'swin-small',
  backboneWidths: [12, 24, 48, 96],
  backboneBlocks: [1, 1, 2, 1],
  dropPath: 0.5,
};

/** So low that an untrained teacher already labels. */
const JOINT = SoftTeacher.fromPartial({ batchSize: 2, threshold: 1e-4, momentum: 0.9 });

let folder: string;
let dataset: Dataset;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-exact-'));
  await generateScenes({ out: folder, labeled: 6, unlabeled: 5, val: 1, size: 64, seed: 5 });
  dataset = await openCocoDataset({
    annotations: join(folder, 'annotations/instances_train2017.json'),
    images: join(folder, 'train2017'),
    kind: 'instances',
    labels: 'agnostic',
  });
  await openEngine({});
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Trains in `job` from its last checkpoint until `until`, as a worker that is killed there; answers the weights. */
async function train(
  input: DetectorConfigInput,
  job: string,
  until: number,
  softTeacher?: SoftTeacher,
): Promise<Map<string, Uint8Array>> {
  const config = detectorPreset('tiny', { ...input, classes: 1 });
  const detector = createDetector(config, { seed: 9 });
  const optimizer = createTrainingOptimizer(detector, SCHEDULE);
  const resumed = await loadTrainingCheckpoint(job);
  if (resumed !== undefined) {
    detector.loadStateDict(resumed.model, { strict: true });
    loadOptimizer(optimizer, resumed.optimizer);
    detector.loadTrainingState(resumed.state);
  }
  const joint = softTeacher && (await open(detector, softTeacher, job));
  if (resumed?.teacher !== undefined) joint?.teacher.loadStateDict(resumed.teacher, { strict: true });
  const from = resumed?.iteration ?? 0;
  const batches = streamBatches({
    dataset,
    config,
    batchSize: 2,
    augmentation: 'jitter',
    seed: 9,
    from,
    iterations: ITERATIONS,
  });
  const rates = toLearningRateSchedule(SCHEDULE);
  await trainDetector({
    detector,
    joint,
    optimizer,
    batches,
    from,
    iterations: until,
    learningRateAt: (iteration) => learningRateAt(rates, iteration),
    clipNorm: 0,
    precision: 'fp32',
    logEvery: 100,
    log: () => Promise.resolve(),
    checkpointEvery: 100,
    save: () => Promise.resolve(),
    signal: new AbortController().signal,
  }).finally(() => batches.return(undefined));
  await save(detector, optimizer, job, until, joint);
  const published = await (joint?.teacher ?? detector).stateDict();
  detector.dispose();
  joint?.teacher.dispose();
  return new Map([...published].map(([name, { data }]) => [name, data]));
}

function open(student: Detector, softTeacher: SoftTeacher, job: string): Promise<JointLearning> {
  const onUnreadable = (key: string): never => {
    throw new Error(`${key} cannot be read`);
  };
  return openJointLearning({
    student,
    softTeacher,
    labeledPerStep: 2,
    folder: join(job, 'unlabeled'),
    augmentation: 'jitter',
    seed: 9,
    onUnreadable,
  });
}

async function save(
  detector: Detector,
  optimizer: ReturnType<typeof createTrainingOptimizer>,
  job: string,
  iteration: number,
  joint: JointLearning | undefined,
): Promise<void> {
  await saveTrainingCheckpoint(job, {
    iteration,
    model: await detector.stateDict(),
    optimizer: await optimizerState(optimizer),
    teacher: await joint?.teacher.stateDict(),
    state: detector.trainingState(),
    curve: [],
  });
}

describe('a training that goes on from its checkpoint', () => {
  it.each([
    ['CondInst with a moving normaliser', SMALL, undefined],
    ['Swin with drop path', SWIN, undefined],
    ['Swin with drop path, recomputed', { ...SWIN, recompute: true }, undefined],
    ['CondInst with a teacher', SMALL, JOINT],
    ['FCOS with a teacher', { ...SMALL, masks: false }, JOINT],
  ])(
    'ends bit by bit where it would have ended: %s',
    async (name, input, joint) => {
      const softTeacher = joint && {
        ...joint,
        unlabeled: { uri: pathToFileURL(join(folder, 'unlabeled2017')).href, limit: 0 },
      };
      const folderOf = (part: string): Promise<string> => mkdtemp(join(folder, `${part}-`));
      const whole = await train(input, await folderOf('whole'), ITERATIONS, softTeacher);
      const killed = await folderOf('killed');
      await train(input, killed, 2, softTeacher);
      const resumed = await train(input, killed, ITERATIONS, softTeacher);
      const different = [...whole].filter(([key, data]) => Buffer.compare(data, resumed.get(key)!) !== 0);
      expect(
        different.map(([key]) => key),
        name,
      ).toEqual([]);
    },
    120_000,
  );
});
