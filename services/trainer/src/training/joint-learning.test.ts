import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { generateScenes } from '@cassl/datasets';
import {
  createDetector,
  detectorPreset,
  type Detector,
  type TrainingBatch,
  type TrainStep,
} from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { SoftTeacher } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSteps, openJointLearning, withDefaults, type JointLearning } from './joint-learning.ts';

let folder: string;
let student: Detector;
beforeAll(async () => {
  await openEngine({});
  folder = await mkdtemp(join(tmpdir(), 'cassl-joint-'));
  await generateScenes({ out: folder, labeled: 1, unlabeled: 3, val: 1, size: 64, seed: 2 });
  const config = detectorPreset('tiny', {
    classes: 3,
    masks: false,
    backboneWidths: [16, 16, 16, 16],
    resizeShortSide: 64,
    resizeLongSide: 64,
    pyramidChannels: 16,
    towerConvolutions: 1,
  });
  student = createDetector(config, { seed: 1 });
}, 60_000);
afterAll(async () => {
  student.dispose();
  await rm(folder, { recursive: true, force: true });
});

const unreadable = new Map<string, string>();
let lists = 0;

function open(changes: Partial<SoftTeacher>): Promise<JointLearning> {
  const unlabeled = { uri: pathToFileURL(join(folder, 'unlabeled2017')).href, limit: 0 };
  return openJointLearning({
    student,
    softTeacher: SoftTeacher.fromPartial({ unlabeled, batchSize: 3, ...changes }),
    labeledPerStep: 1,
    folder: join(folder, `list-${lists++}`),
    augmentation: 'jitter',
    seed: 4,
    onUnreadable: (key, reason) => unreadable.set(key, reason),
  });
}

const step = (loss: number, gradient: number): TrainStep => {
  const [losses, w] = [tf.tensor1d([loss]), tf.tensor1d([gradient])];
  return { losses, gradients: { w }, dispose: () => void tf.dispose([losses, w]) };
};

/** The batches that the student learns from, the labeled one first. */
async function learned(joint: JointLearning, iteration = 0): Promise<TrainingBatch[]> {
  const batches: TrainingBatch[] = [];
  const labeled = { keys: ['labeled'] } as unknown as TrainingBatch;
  const result = await joint.gradients(labeled, iteration, (batch) => {
    batches.push(batch);
    return step(1, 1);
  });
  result.dispose();
  return batches;
}

describe('joint training with a teacher', () => {
  it('adds the unlabeled loss and its gradients with their weight, and leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    const sum = addSteps(step(3, -1), step(2, 10), 0.5);
    expect([sum.losses.dataSync()[0], sum.gradients.w!.dataSync()[0]]).toEqual([4, 4]);
    sum.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('learns from what the teacher labels above the threshold, the same at the same step', async () => {
    const joint = await open({ threshold: 1e-4 });
    const [labeled, unlabeled] = await learned(joint, 5);
    expect(labeled?.keys).toEqual(['labeled']);
    expect(unlabeled?.batchSize).toBe(3);
    expect(unlabeled?.positives.count).toBeGreaterThan(0);
    const again = await open({ threshold: 1e-4 });
    expect((await learned(again, 5))[1]).toEqual(unlabeled);
    expect((await learned(again, 6))[1]?.images).not.toEqual(unlabeled?.images);
    joint.teacher.dispose();
    again.teacher.dispose();
  });

  it('learns from the labeled images alone while the teacher is sure of nothing', async () => {
    const joint = await open({ threshold: 0.9 });
    expect(await learned(joint)).toHaveLength(1);
    joint.teacher.dispose();
  });

  it('begins as the student and follows it', async () => {
    const joint = await open({ momentum: 0.75 });
    const name = 'proposal_generator.fcos_head.cls_logits.bias';
    const valueOf = (detector: Detector): number => detector.parameters.get(name)!.dataSync()[0]!;
    const start = valueOf(student);
    expect(valueOf(joint.teacher)).toBe(start);
    student.parameters.get(name)!.assign(tf.zeros([3]));
    joint.follow(9);
    expect(valueOf(joint.teacher)).toBeCloseTo(0.75 * start, 5);
    joint.teacher.dispose();
  });

  it('says which image it cannot read and takes another', async () => {
    await writeFile(join(folder, 'unlabeled2017', 'broken.png'), 'no picture');
    const joint = await open({ threshold: 1e-4, batchSize: 4 });
    expect((await learned(joint))[1]?.keys).toHaveLength(4);
    expect([...unreadable.keys()]).toEqual(['broken.png']);
    joint.teacher.dispose();
  });

  it('takes four unlabeled images for a labeled one, weight 4, threshold 0.5 and momentum 0.999 where nothing is said', () => {
    expect(withDefaults(SoftTeacher.fromPartial({}), 2)).toEqual({
      weight: 4,
      threshold: 0.5,
      momentum: 0.999,
      batchSize: 8,
    });
  });
});
