/**
 * Learns 20 real photos by heart: `CASSL_SHARED=../shared node bench/detector/overfit.ts [ITERATIONS]`. ResNet-18-C4 from
 * ImageNet weights on the first 20 coco-mini training images whose objects are all at least 24 px wide and high in the network's
 * input (a stride-8 model gives smaller ones no positive cell to learn from); box AP50 should pass 0.9 and mask AP50 0.8.
 */
import { join } from 'node:path';
import { readSafetensors } from '@cassl/checkpoints';
import { createBatches, type LabeledImage, loadImage, openCocoDataset } from '@cassl/datasets';
import {
  createDetector,
  detectorPreset,
  learningRateAt,
  prepareBatch,
  readLosses,
  weightDecayFor,
} from '@cassl/detector';
import { createAdamW, openEngine } from '@cassl/engine';
import { createCocoEvaluator } from '@cassl/metrics';

const SHORT_SIDE = 256;
const LONG_SIDE = 426; // 800 : 1333
const SMALLEST = 24;
const IMAGES = 20;

const shared = process.env['CASSL_SHARED'] ?? '../shared';
const iterations = Number(process.argv[2] ?? 600);

await openEngine();
const coco = join(shared, 'data/coco-mini');
const all = await openCocoDataset({
  annotations: join(coco, 'annotations/instances_train2017.json'),
  images: join(coco, 'train2017'),
  kind: 'instances',
  labels: 'category',
});
const images = all.images
  .filter((image) => image.instances.length > 0 && isLargeOnly(image))
  .slice(0, IMAGES);
const dataset = { ...all, images };
const detector = createDetector(
  detectorPreset('resnet18-c4', {
    classes: all.categories.length,
    resizeShortSide: SHORT_SIDE,
    resizeLongSide: LONG_SIDE,
  }),
  { seed: 1 },
);
const { tensors } = await readSafetensors(join(shared, 'weights/resnet18-c4.safetensors'));
const report = detector.loadStateDict(tensors, { parts: ['backbone'], prefix: 'backbone.bottom_up.' });
console.log(
  `${images.length} images, ${report.matched.length} backbone tensors loaded, ${report.missing.length} missing`,
);

const optimizer = createAdamW({
  parameters: detector.trainable,
  weightDecay: (name) => weightDecayFor(name, 1e-4),
});
const batches = createBatches({
  dataset,
  batchSize: 5,
  augment: 'none',
  size: SHORT_SIDE,
  seed: 1,
  masks: 'require',
});
const start = performance.now();
for (let iteration = 0; iteration < iterations; iteration++) {
  const step = detector.gradients(prepareBatch(detector.config, await batches.at(iteration)));
  const rate = learningRateAt({ kind: 'cosine', base: 1e-3, warmupIterations: 50, iterations }, iteration);
  optimizer.step(step.gradients, rate);
  if ((iteration + 1) % 50 === 0) {
    const losses = await readLosses(step.losses);
    const line = Object.entries(losses).map(([name, value]) => `${name} ${value.toFixed(3)}`);
    console.log(`${iteration + 1}: ${line.join(' ')}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  step.dispose();
}

const detections = await detector.detect(await Promise.all(images.map((image) => loadImage(image))), {
  batchSize: 4,
});
for (const type of ['bbox', 'segm'] as const) {
  const categories = all.categories.map(({ index, name }) => ({ id: index, name }));
  const evaluator = createCocoEvaluator({ type, categories });
  images.forEach((image, index) => {
    evaluator.addImage({ imageId: image.id, groundTruths: image.instances, detections: detections[index]! });
  });
  const { AP, AP50 } = evaluator.summarize().numbers;
  console.log(`${type}: AP ${AP?.toFixed(3)}, AP50 ${AP50?.toFixed(3)}`);
}

function isLargeOnly({ width, height, instances }: LabeledImage): boolean {
  const scale = Math.min(SHORT_SIDE / Math.min(width, height), LONG_SIDE / Math.max(width, height));
  return instances.every(
    ({ box, crowd }) => !crowd && Math.min(box[2] - box[0], box[3] - box[1]) * scale >= SMALLEST,
  );
}
