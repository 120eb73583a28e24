import type { StateDict } from '@cassl/checkpoints';
import type { NamedVariable } from '@cassl/engine';
import { invalidArgument } from '@cassl/errors';
import type { Detection, RgbImage } from '@cassl/vision';
import * as tf from '@tensorflow/tfjs-core';
import { type DetectorConfig, type DetectorConfigInput, parseDetectorConfig } from './config.ts';
import { type DetectLimits, detectBatch, sumOfOutputs } from './inference/detect-batch.ts';
import { groupImages, loadBatch, type PreparedImage } from './inference/group-images.ts';
import { detectionLoss } from './losses/detection-loss.ts';
import type { LossTensors } from './losses/loss-tensors.ts';
import { createModel, type Model } from './model.ts';
import { createParameterStore, type NewWeights } from './parameters.ts';
import { type RandomStream, resumableStream } from './random.ts';
import { type LoadOptions, type LoadReport, loadState } from './state/load-state.ts';
import { saveState } from './state/save-state.ts';
import { type TrainingBatch, wholeOf } from './training-batch.ts';
import type { TrainingGroup } from './training/training-group.ts';
import { createPositivesAverage } from './training/positives-average.ts';
import { sumOverGroup } from './training/sum-over-group.ts';
import { gradientsOf } from './training/variable-gradients.ts';

/** Order of `TrainStep.losses`. */
export const LOSS_NAMES = ['total', 'cls', 'box', 'ctr', 'mask'] as const;

export type LossValues = Readonly<Record<(typeof LOSS_NAMES)[number], number>>;

export interface TrainStep {
  /** [5] in the order of LOSS_NAMES; `readLosses` fetches it. */
  readonly losses: tf.Tensor1D;
  /** By parameter name; hand them to an optimiser of `@cassl/engine`, then `dispose`. */
  readonly gradients: tf.NamedTensorMap;
  dispose(): void;
}

export interface DetectOptions extends DetectLimits {
  /** Images per forward pass. Default 8. */
  readonly batchSize?: number;
}

export interface Detector {
  readonly config: DetectorConfig;
  /** Weights and running statistics by AdelaiDet name (ResNets inside in torchvision's), in tf layout; `trainable` tells which learn. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Those of them that learn, as an optimiser takes them. */
  readonly trainable: readonly NamedVariable[];
  /** Loss scalars of a batch, or what a part adds to those of the whole; differentiable. Call inside `tf.tidy`. */
  loss(batch: TrainingBatch): LossTensors;
  /**
   * Losses and gradients of a batch. Leaves no tensor behind but what it returns. With a group, those of the whole batch, in
   * every process alike: each brings its part, and gradients travel while the backward pass goes on.
   */
  gradients(batch: TrainingBatch): TrainStep;
  /** Detections of every image, best first, in pixels of the image as given. */
  detect(images: readonly RgbImage[], options?: DetectOptions): Promise<Detection[][]>;
  /**
   * One forward pass over images that share a padded size (`fitImage`), each with its own limits; otherwise as `detect`.
   */
  detectBatch(images: readonly PreparedImage[], limits: readonly DetectLimits[]): Promise<Detection[][]>;
  /** Of all that one forward pass says, before anything is selected: not finite where the weights lead beyond what floats hold. */
  sumOfOutputs(images: readonly PreparedImage[]): Promise<number>;
  /** Copies of all weights in PyTorch layout. */
  stateDict(): Promise<StateDict>;
  /** @throws FAILED_PRECONDITION, INVALID_ARGUMENT as `loadState` says. */
  loadStateDict(state: StateDict, options?: LoadOptions): LoadReport;
  /** What steps move on besides weights: a training goes on bit by bit where it was with both. */
  trainingState(): TrainingState;
  loadTrainingState(state: TrainingState): void;
  /** Frees all weights; the detector is unusable afterwards. */
  dispose(): void;
}

export interface TrainingState {
  /** Position of drop path's random stream, in [0, 2^32). */
  readonly random: number;
  /** The moving average of positives that divides the losses, where the config has one. */
  readonly positives: number;
}

export interface CreateDetectorOptions {
  /** Of the initial weights and of drop path. Default 0. */
  readonly seed?: number;
  /** The processes that train this detector together, each on its part of every batch (`TrainingBatch.whole`). */
  readonly group?: TrainingGroup | undefined;
  /** `zero` where a checkpoint is loaded next, all of it. Default `random`. */
  readonly weights?: NewWeights;
}

/**
 * Builds a detector with new weights on the current engine (`openEngine` first).
 * @throws INVALID_ARGUMENT where the config is wrong.
 */
export function createDetector(
  input: DetectorConfigInput,
  { seed = 0, group, weights }: CreateDetectorOptions = {},
): Detector {
  const config = parseDetectorConfig(input);
  const store = createParameterStore(seed, { group, weights });
  const model = createModel(store, config);
  const random = resumableStream(seed);
  const positives = createPositivesAverage(config);
  const trainable = [...store.variables]
    .filter(([name, variable]) => variable.trainable && !isIdle(config, name))
    .map(([name, variable]): NamedVariable => ({ name, variable }));
  const loss = (batch: TrainingBatch): LossTensors =>
    trainingLoss(config, model, batch, random.next, positives.next(wholeOf(batch).positives));

  return {
    config,
    parameters: store.variables,
    trainable,
    loss,
    gradients: (batch) => computeGradients(trainable, () => loss(batch), group),
    detect: (images, options = {}) => detectAll(config, model, images, options),
    detectBatch: async (images, limits) =>
      images.length === 0 ? [] : detectBatch(config, model, await loadBatch(config, images), limits),
    sumOfOutputs: async (images) => sumOfOutputs(config, model, await loadBatch(config, images)),
    stateDict: () => saveState(store),
    loadStateDict: (state, options) => loadState(store, state, { seed, ...options }),
    trainingState: () => ({ random: random.position(), positives: positives.value() }),
    loadTrainingState: (state) => {
      random.moveTo(state.random);
      positives.set(state.positives);
    },
    dispose: () => {
      tf.dispose([...store.variables.values()]);
    },
  };
}

/** Entity models carry pyramid convolutions below the finest level, which nothing reads: they never get a gradient. */
function isIdle(config: DetectorConfig, name: string): boolean {
  const level = /^backbone\.fpn_(?:lateral|output)(\d)\./.exec(name)?.[1];
  return level !== undefined && Number(level) < config.levels[0]!;
}

/** Fetches `TrainStep.losses`. */
export async function readLosses(losses: tf.Tensor1D): Promise<LossValues> {
  const values = await losses.data();
  return Object.fromEntries(LOSS_NAMES.map((name, index) => [name, values[index]!])) as unknown as LossValues;
}

function trainingLoss(
  config: DetectorConfig,
  model: Model,
  batch: TrainingBatch,
  random: RandomStream,
  positives: number,
): LossTensors {
  const images = tf.tensor4d(batch.images, [batch.batchSize, batch.height, batch.width, 3]);
  const pyramid = model.pyramid(images, { training: true, random, part: wholeOf(batch) });
  return detectionLoss(config, model, pyramid, batch, positives);
}

function computeGradients(
  trainable: readonly NamedVariable[],
  loss: () => LossTensors,
  group: TrainingGroup | undefined,
): TrainStep {
  const gradients: tf.NamedTensorMap = {};
  const losses = tf.tidy(() => {
    let terms: tf.Tensor1D | undefined;
    const sum = sumOverGroup(group);
    const own = gradientsOf(
      () => {
        const parts = loss();
        terms = tf.keep(tf.stack(LOSS_NAMES.map((name) => parts[name])) as tf.Tensor1D);
        return parts.total;
      },
      trainable.map(({ variable }) => variable),
      { onFinal: sum.onFinal },
    );
    const all = sum.finish(own, terms!);
    if (all.losses !== terms) terms!.dispose();
    trainable.forEach(({ name, variable }, index) => {
      // A batch without positives leaves box and mask layers untouched: their gradient is 0, not absent (method 2.5).
      gradients[name] = tf.keep(all.gradients[index] ?? tf.zerosLike(variable));
    });
    return tf.keep(all.losses);
  });
  return {
    losses,
    gradients,
    dispose: () => {
      tf.dispose([losses, gradients]);
    },
  };
}

async function detectAll(
  config: DetectorConfig,
  model: Model,
  images: readonly RgbImage[],
  { batchSize = 8, ...limits }: DetectOptions,
): Promise<Detection[][]> {
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw invalidArgument(`detect: batchSize must be a positive integer, got ${batchSize}`);
  }
  const results: Detection[][] = images.map(() => []);
  const prepared = images.map((pixels): PreparedImage => ({ pixels, original: pixels }));
  for (const indices of groupImages(config, prepared, batchSize)) {
    const batch = await loadBatch(
      config,
      indices.map((index) => prepared[index]!),
    );
    const detections = await detectBatch(
      config,
      model,
      batch,
      indices.map(() => limits),
    );
    indices.forEach((index, position) => {
      results[index] = detections[position]!;
    });
  }
  return results;
}
