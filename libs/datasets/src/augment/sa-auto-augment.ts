import type { TrainingSample } from '@cassl/vision';
import type { Random } from '../random.ts';
import type { AugmentContext, Augmentation } from './augmentation.ts';
import { mosaic } from './mosaic.ts';
import { placeOnCanvas } from './place-on-canvas.ts';
import { resizeSample } from './resize-sample.ts';
import { augmentBoxes } from './sa-box-level.ts';

const zoomInProbability = 0.25;
const zoomInRatio = 1.2;
const zoomOutProbability = 0.25 + 0.3;
const poolSize = 10;
const scales = [0.75, 0.875, 1, 1.125, 1.25];

/**
 * Policy (b) of method.md 1.7, SA-AutoAug with the shipped parameters: image level (zoom in, or a mosaic with three of
 * the last ten samples; then a scale, nearest), then box level, whose strength grows with the training's progress.
 */
export function saAutoAugment(): Augmentation {
  return async (sample, random, context) => {
    const zoomed = random.chance(zoomInProbability)
      ? zoomIn(sample, random)
      : await zoomOut(sample, random, context);
    const scale = random.choice(scales);
    const { width, height } = zoomed.image;
    const scaled = resizeSample(zoomed, {
      width: Math.max(1, Math.round(width * scale)),
      height: Math.max(1, Math.round(height * scale)),
      interpolation: 'nearest',
    });
    return augmentBoxes(scaled, random, context.progress);
  };
}

/** Enlarged and cropped back at a random place; a thing stays where half of it does. */
export function zoomIn(sample: TrainingSample, random: Random): TrainingSample {
  const { width, height } = sample.image;
  const enlarged = resizeSample(sample, {
    width: Math.round(width * zoomInRatio),
    height: Math.round(height * zoomInRatio),
  });
  const cropped = placeOnCanvas(enlarged, {
    width,
    height,
    x: -random.integer(0, enlarged.image.width - width),
    y: -random.integer(0, enlarged.image.height - height),
    fill: 0,
    minVisible: 0.5,
  });
  return cropped.instances.length > 0 ? cropped : sample;
}

async function zoomOut(
  sample: TrainingSample,
  random: Random,
  { earlier, earlierCount }: AugmentContext,
): Promise<TrainingSample> {
  // The pool holds this sample too: four are there once three came before it.
  if (!random.chance(zoomOutProbability) || earlierCount < 3) return sample;
  const steps = Array.from({ length: Math.min(earlierCount, poolSize) }, (_, index) => index + 1);
  const others: TrainingSample[] = [];
  while (others.length < 3) {
    const [step] = steps.splice(random.integer(0, steps.length - 1), 1);
    others.push(await earlier(step!));
  }
  return mosaic([sample, ...others]);
}
