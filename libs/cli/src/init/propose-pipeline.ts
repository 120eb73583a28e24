import type { DataStatistics } from './data-statistics.ts';

/** Pixels that images are brought to. */
export interface Size {
  readonly shortSide: number;
  readonly longSide: number;
}

/** A value, and why. */
export interface Proposal<T> {
  readonly value: T;
  readonly reason: string;
}

export interface Machine {
  readonly hasGpu: boolean;
  /** Of the best engine here, training. */
  readonly gflops: number;
}

export interface ProposeOptions {
  readonly statistics: DataStatistics;
  readonly unlabeled: number;
  readonly machine: Machine;
  /** What the whole run may take here, roughly. */
  readonly minutes: number;
  /** Backbone weights fit resnet18-c4. */
  readonly hasBackbone: boolean;
  /** GFLOP of detecting in one image at a size, by preset. */
  readonly gflopOf: (preset: string, size: { readonly height: number; readonly width: number }) => number;
}

export interface ProposedPipeline {
  readonly preset: Proposal<string>;
  readonly size: Proposal<Size>;
  readonly batchSize: Proposal<number>;
  readonly iterations: Proposal<{
    readonly labeler: number;
    readonly warmup: number;
    readonly finetune: number;
  }>;
  readonly threshold: Proposal<number | 'auto'>;
  readonly holdout: number;
  readonly classifier: Proposal<'random' | 'replicate'>;
}

/** Pixels between the finest level's cells: an object that is smaller has no cell of its own. */
const FINEST_STRIDE = 8;
const SMALLEST_SIDE = 128;
const LARGEST_SIDE = 1312;
/** Of all trainings together: with fewer, nothing is learned whatever the size. */
const USEFUL_STEPS = 1000;
/** Of the measured peak of one convolution, in a whole step: measured 0.4 to 0.6 on two cores. */
const EFFICIENCY = 0.5;
/** A step is a forward pass and a backward pass of twice its cost. */
const FORWARDS_PER_STEP = 3;
/** The paper's epochs: labeler and finetuning 3x, warmup 5x. */
const EPOCHS = { labeler: 36, warmup: 60, finetune: 36 };
/** Fewer true objects than this on the held-out images, and F1 chooses by chance. */
const LEAST_HELD_OUT_OBJECTS = 30;
const LEAST_ITERATIONS = 50;
/** Of the minutes asked for; from here on the proposal says so. */
const MUCH_MORE = 1.5;
/** Below, a fresh classifier learned more than one that begins as K copies (docs/results.md). */
const FEW_FINETUNE_ITERATIONS = 1000;

/** Sizes, threshold and budget from what the data and this machine are. */
export function proposePipeline(options: ProposeOptions): ProposedPipeline {
  const { statistics, machine, hasBackbone } = options;
  const preset = proposePreset(machine, hasBackbone);
  const batchSize = proposeBatch(statistics.images, machine);
  const size = proposeSize(options, preset.value, batchSize.value);
  const iterations = proposeBudget(options, preset.value, size.value, batchSize.value);
  const holdout = statistics.images >= 2000 ? 0.1 : 0.2;
  const few = iterations.value.finetune < FEW_FINETUNE_ITERATIONS;
  return {
    preset,
    size,
    batchSize,
    iterations,
    threshold: proposeThreshold(statistics, holdout),
    holdout,
    classifier: few
      ? {
          value: 'random',
          reason: `in ${iterations.value.finetune} iterations a fresh classifier learns more than one that has to unlearn "object"`,
        }
      : { value: 'replicate', reason: 'the paper: every class begins as the "object" of the warmup' },
  };
}

function proposePreset({ hasGpu }: Machine, hasBackbone: boolean): Proposal<string> {
  if (hasBackbone) return { value: 'resnet18-c4', reason: 'what the given backbone weights fit' };
  return hasGpu
    ? {
        value: 'resnet18',
        reason:
          'a GPU is here; condinst-r50 and condinst-swin-t are better once you have backbone weights (cassl import)',
      }
    : {
        value: 'tiny',
        reason:
          'no GPU and no backbone weights: a small network learns from nothing; --backbone FILE gives resnet18-c4',
      };
}

/** The largest size up to the wanted one at which the minutes are enough for a useful number of steps. */
function proposeSize(options: ProposeOptions, preset: string, batchSize: number): ProposedPipeline['size'] {
  const { smallObject, medianLongSide, medianAspect } = options.statistics;
  const most = Math.min(LARGEST_SIDE, Math.max(SMALLEST_SIDE, floor32(medianLongSide)));
  const wanted = smallObject > 0 ? Math.ceil(FINEST_STRIDE / smallObject / 32) * 32 : most;
  const sizeOf = (longSide: number): Size => ({
    longSide,
    shortSide: Math.max(64, Math.min(longSide, floor32(longSide * medianAspect + 16))),
  });
  const isAffordable = (size: Size): boolean =>
    (60 * options.minutes) / secondsAStep(options, preset, size, batchSize) >= USEFUL_STEPS;
  const limit = Math.min(most, Math.max(SMALLEST_SIDE, wanted));
  let longSide = limit;
  while (longSide > SMALLEST_SIDE && !isAffordable(sizeOf(longSide))) longSide -= 32;
  const bound =
    longSide < limit
      ? `; ${limit} px would fit the objects better and takes more than ${minutesText(options.minutes)} for ${USEFUL_STEPS} steps`
      : limit < wanted
        ? `; larger than ${most} px the photos are not`
        : '';
  const smallPixels = (smallObject * longSide).toFixed(1);
  return {
    value: sizeOf(longSide),
    reason: `a tenth of the objects is below ${smallPixels} px then, and the finest cells are ${FINEST_STRIDE} px wide${bound}`,
  };
}

function secondsAStep(
  { machine, gflopOf }: ProposeOptions,
  preset: string,
  { shortSide, longSide }: Size,
  batchSize: number,
): number {
  const gflop = gflopOf(preset, { height: shortSide, width: longSide });
  return (FORWARDS_PER_STEP * batchSize * gflop) / (machine.gflops * EFFICIENCY);
}

function proposeBatch(images: number, { hasGpu }: Machine): Proposal<number> {
  const value = images >= 64 && hasGpu ? 16 : images >= 16 ? 8 : 4;
  return { value, reason: `${images} labeled images: ${Math.ceil(images / value)} steps an epoch` };
}

function proposeBudget(
  options: ProposeOptions,
  preset: string,
  size: Size,
  batchSize: number,
): ProposedPipeline['iterations'] {
  const { statistics, unlabeled, minutes } = options;
  const stepSeconds = secondsAStep(options, preset, size, batchSize);
  const steps = (epochs: number, images: number): number =>
    Math.max(LEAST_ITERATIONS, (epochs * images) / batchSize);
  const wished = {
    labeler: steps(EPOCHS.labeler, statistics.images),
    warmup: steps(EPOCHS.warmup, unlabeled),
    finetune: steps(EPOCHS.finetune, statistics.images),
  };
  // The finetuning runs twice: from the warmup and, to compare, from nothing.
  const all = wished.labeler + wished.warmup + 2 * wished.finetune;
  const share = Math.min(1, (60 * minutes) / stepSeconds / all);
  const scaled = (wish: number): number => Math.max(LEAST_ITERATIONS, Math.round((wish * share) / 10) * 10);
  const value = {
    labeler: scaled(wished.labeler),
    warmup: scaled(wished.warmup),
    finetune: scaled(wished.finetune),
  };
  const total = value.labeler + value.warmup + 2 * value.finetune;
  const about = Math.max(1, Math.round((total * stepSeconds) / 60));
  const epochs =
    share === 1
      ? `${EPOCHS.labeler}, ${EPOCHS.warmup} and ${EPOCHS.finetune} epochs, as in the paper`
      : about > MUCH_MORE * minutes
        ? 'more than asked for, since fewer steps teach nothing'
        : `${(100 * share).toPrecision(2)} % of the paper's epochs; --minutes gives more`;
  return {
    value,
    reason: `about ${minutesText(about)} of training here, at about ${stepSeconds.toPrecision(2)} s a step: ${epochs}`,
  };
}

function minutesText(minutes: number): string {
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

function proposeThreshold({ images, objects }: DataStatistics, holdout: number): Proposal<number | 'auto'> {
  const heldOut = Math.round(objects * holdout);
  return heldOut >= LEAST_HELD_OUT_OBJECTS
    ? {
        value: 'auto',
        reason: `the best F1 over about ${heldOut} objects of ${Math.round(images * holdout)} held-out images`,
      }
    : {
        value: 0.3,
        reason: `only about ${heldOut} objects could be held out to choose it, so that F1 would choose by chance`,
      };
}

function floor32(pixels: number): number {
  return Math.floor(pixels / 32) * 32;
}
