/** What `overfit.ts` and `learn.ts` share: coco-mini, a ResNet-18-C4 detector on ImageNet weights, the loop and the numbers. */
import { join } from 'node:path';
import { readSafetensors } from '@cassl/checkpoints';
import {
  createBatches,
  type CreateBatchesOptions,
  type Dataset,
  loadImage,
  openCocoDataset,
} from '@cassl/datasets';
import {
  createDetector,
  type Detector,
  detectorPreset,
  learningRateAt,
  prepareBatch,
  readLosses,
  weightDecayFor,
} from '@cassl/detector';
import { createAdamW } from '@cassl/engine';
import { createCocoEvaluator } from '@cassl/metrics';

export const SHORT_SIDE = 256;
export const LONG_SIDE = 426; // 800 : 1333

const shared = process.env['CASSL_SHARED'] ?? '../shared';

export function openPhotos(split: 'train' | 'val', labels: 'category' | 'agnostic'): Promise<Dataset> {
  const coco = join(shared, 'data/coco-mini');
  return openCocoDataset({
    annotations: join(coco, `annotations/instances_${split}2017.json`),
    images: join(coco, `${split}2017`),
    kind: 'instances',
    labels,
  });
}

export async function createPhotoDetector(classes: number): Promise<Detector> {
  const sizes = { resizeShortSide: SHORT_SIDE, resizeLongSide: LONG_SIDE };
  const detector = createDetector(detectorPreset('resnet18-c4', { classes, ...sizes }), { seed: 1 });
  const { tensors } = await readSafetensors(join(shared, 'weights/resnet18-c4.safetensors'));
  const report = detector.loadStateDict(tensors, { parts: ['backbone'], prefix: 'backbone.bottom_up.' });
  console.log(`${report.matched.length} backbone tensors loaded, ${report.missing.length} missing`);
  return detector;
}

export interface PhotoTraining {
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly augment: CreateBatchesOptions['augment'];
  readonly iterations: number;
  /** Called after every `every` iterations. */
  readonly every: number;
  readonly report: () => Promise<void>;
}

/** AdamW at 1e-3, cosine schedule; prints the mean losses of every `every` iterations. */
export async function trainOnPhotos(detector: Detector, training: PhotoTraining): Promise<void> {
  const { dataset, batchSize, augment, iterations, every, report } = training;
  const optimizer = createAdamW({
    parameters: detector.trainable,
    weightDecay: (name) => weightDecayFor(name, 1e-4),
  });
  const batches = createBatches({ dataset, batchSize, augment, size: SHORT_SIDE, seed: 1, masks: 'require' });
  const start = performance.now();
  let sums: Record<string, number> = {};
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const step = detector.gradients(prepareBatch(detector.config, await batches.at(iteration - 1)));
    const schedule = { kind: 'cosine', base: 1e-3, warmupIterations: 50, iterations } as const;
    optimizer.step(step.gradients, learningRateAt(schedule, iteration - 1));
    for (const [name, loss] of Object.entries(await readLosses(step.losses))) {
      sums[name] = (sums[name] ?? 0) + loss / every;
    }
    step.dispose();
    if (iteration % every > 0) continue;
    const line = Object.entries(sums).map(([name, mean]) => `${name} ${mean.toFixed(3)}`);
    console.log(`${iteration}: ${line.join(' ')}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
    sums = {};
    await report();
  }
}

/** Prints box and mask AP on the dataset's images. */
export async function printAp(detector: Detector, { images, categories }: Dataset): Promise<void> {
  const detections = await detector.detect(await Promise.all(images.map((image) => loadImage(image))), {
    batchSize: 4,
  });
  for (const type of ['bbox', 'segm'] as const) {
    const evaluator = createCocoEvaluator({
      type,
      categories: categories.map(({ index, name }) => ({ id: index, name })),
    });
    images.forEach((image, index) => {
      evaluator.addImage({
        imageId: image.id,
        groundTruths: image.instances,
        detections: detections[index]!,
      });
    });
    const { AP, AP50 } = evaluator.summarize().numbers;
    console.log(`  ${type}: AP ${AP?.toFixed(3)}, AP50 ${AP50?.toFixed(3)}`);
  }
}
