/**
 * Joint training with a mean teacher: Soft Teacher (https://arxiv.org/abs/2106.09018) in its least form for a dense detector, which has no
 * second stage whose boxes could be weighted. docs/method.md says what differs.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  createAugmentation,
  createPictureBatches,
  createRandom,
  openPoolIndex,
  type Augmentation,
  type Picture,
  type PoolIndex,
} from '@cassl/datasets';
import {
  averageInto,
  createDetector,
  prepareBatch,
  teacherMomentum,
  type Detector,
  type TrainingBatch,
  type TrainStep,
} from '@cassl/detector';
import type { SoftTeacher } from '@cassl/proto';
import { decodeMask, type Detection, type TrainingSample } from '@cassl/vision';
import { canvasSize, checkPolicy } from './stream-batches.ts';

export interface JointLearning {
  /** The running average of the student. */
  readonly teacher: Detector;
  /** Unlabeled images. */
  readonly imagesPerStep: number;
  /** Losses and gradients of the labeled batch plus `weight` times those of the step's unlabeled images; `compute` is the student's. */
  gradients(
    batch: TrainingBatch,
    iteration: number,
    compute: (batch: TrainingBatch) => TrainStep,
  ): Promise<TrainStep>;
  /** After the optimiser's step: the teacher moves towards the student. */
  follow(iteration: number): void;
}

export interface OpenJointLearningOptions {
  readonly student: Detector;
  readonly softTeacher: SoftTeacher;
  readonly labeledPerStep: number;
  /** Where the list of the unlabeled images is kept: a training that goes on sees the pool that it began with. */
  readonly folder: string;
  /** Of the student's view of an unlabeled image; the teacher sees it as it is. */
  readonly augmentation: string;
  readonly seed: number;
  readonly onUnreadable: (key: string, reason: string) => void;
  /** Ends the listing of the pool. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws as `openPoolIndex` does */
export async function openJointLearning(options: OpenJointLearningOptions): Promise<JointLearning> {
  const { student, softTeacher, seed } = options;
  const { config } = student;
  const { weight, threshold, momentum, batchSize } = withDefaults(softTeacher, options.labeledPerStep);
  const pool = await indexOf(softTeacher, options);
  const pictures = createPictureBatches({ pool, batchSize, seed });
  const augment = createAugmentation(
    checkPolicy(options.augmentation),
    canvasSize(options.augmentation, config),
  );
  const teacher = createDetector(config, { weights: 'zero' });
  averageInto(teacher.parameters, student.parameters, 0);
  const told = new Set<string>();
  const picturesAt = async (iteration: number): Promise<readonly Picture[]> => {
    const batch = await pictures.at(iteration);
    for (const [key, reason] of pictures.unreadable) {
      if (!told.has(key)) options.onUnreadable(key, reason);
      told.add(key);
    }
    return batch;
  };
  let ahead: { readonly iteration: number; readonly pictures: Promise<readonly Picture[]> } | undefined;

  /** The student's view of what the teacher is sure of; nothing where it is sure of nothing. */
  const labelAt = async (iteration: number): Promise<TrainingBatch | undefined> => {
    const batch = await (ahead?.iteration === iteration ? ahead.pictures : picturesAt(iteration));
    const loading = picturesAt(iteration + 1);
    // Whoever asks for that step hears of it.
    loading.catch(() => undefined);
    ahead = { iteration: iteration + 1, pictures: loading };
    const detections = await teacher.detect(
      batch.map(({ image }) => image),
      { scoreThreshold: Math.min(config.scoreThreshold, threshold), batchSize: batch.length },
    );
    const views = batch.flatMap((picture, index) => {
      const sure = (detections[index] ?? []).filter(({ score }) => score > threshold);
      return sure.length === 0 ? [] : [strongView(augment, picture, sure, seed)];
    });
    const kept = (await Promise.all(views)).filter(({ instances }) => instances.length > 0);
    return kept.length === 0 ? undefined : prepareBatch(config, kept);
  };

  return {
    teacher,
    imagesPerStep: batchSize,
    gradients: async (batch, iteration, compute) => {
      const unlabeled = await labelAt(iteration);
      const supervised = compute(batch);
      return unlabeled === undefined ? supervised : addSteps(supervised, compute(unlabeled), weight);
    },
    follow: (iteration) => {
      averageInto(teacher.parameters, student.parameters, teacherMomentum(iteration, momentum));
    },
  };
}

/** Zero is the contract's word for the usual value. */
export function withDefaults(
  { weight, threshold, momentum, batchSize }: SoftTeacher,
  labeledPerStep: number,
): { weight: number; threshold: number; momentum: number; batchSize: number } {
  return {
    weight: weight || 4,
    threshold: threshold || 0.5,
    momentum: momentum || 0.999,
    batchSize: batchSize || 4 * labeledPerStep,
  };
}

function indexOf(
  { unlabeled }: SoftTeacher,
  { folder, signal }: Pick<OpenJointLearningOptions, 'folder' | 'signal'>,
): Promise<PoolIndex> {
  const { uri = '', limit = 0 } = unlabeled ?? {};
  return openPoolIndex(uri, folder, { limit: limit === 0 ? undefined : limit, signal });
}

/** Picture and labels move together, so the labels are where the student sees the objects. */
function strongView(
  augment: Augmentation,
  { key, image, position }: Picture,
  detections: readonly Detection[],
  seed: number,
): Promise<TrainingSample> {
  const instances = detections.map(({ box, category, mask }) => ({
    box,
    category,
    ...(mask === undefined ? {} : { mask: decodeMask(mask) }),
  }));
  const context = {
    progress: 1,
    earlierCount: 0,
    earlier: () => Promise.reject(new TypeError('none is kept')),
  };
  return Promise.resolve(augment({ key, image, instances }, createRandom(seed, 'joint', position), context));
}

/** a + weight · b, of losses and gradients; takes both over. */
export function addSteps(a: TrainStep, b: TrainStep, weight: number): TrainStep {
  const { losses, gradients } = tf.tidy(() => ({
    losses: tf.add<tf.Tensor1D>(a.losses, tf.mul(b.losses, weight)),
    gradients: Object.fromEntries(
      Object.entries(a.gradients).map(([name, gradient]) => {
        const other = b.gradients[name];
        if (other === undefined) throw new TypeError(`only one step has a gradient of ${name}`);
        return [name, tf.add(gradient, tf.mul(other, weight))];
      }),
    ),
  }));
  a.dispose();
  b.dispose();
  return { losses, gradients, dispose: () => void tf.dispose([losses, gradients]) };
}
