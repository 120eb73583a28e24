/**
 * Learns 20 real photos by heart: `CASSL_SHARED=../shared node bench/detector/overfit.ts [ITERATIONS]`. ResNet-18-C4 from
 * ImageNet weights on the first 20 coco-mini training images whose objects are all at least 24 px wide and high in the network's
 * input (a stride-8 model gives smaller ones no positive cell to learn from); box AP50 should pass 0.9 and mask AP50 0.8.
 */
import type { LabeledImage } from '@cassl/datasets';
import { openEngine } from '@cassl/engine';
import { createPhotoDetector, LONG_SIDE, openPhotos, printAp, SHORT_SIDE, trainOnPhotos } from './photos.ts';

const SMALLEST = 24;
const IMAGES = 20;

const iterations = Number(process.argv[2] ?? 600);

await openEngine();
const all = await openPhotos('train', 'category');
const learnable = all.images.filter((image) => image.instances.length > 0 && isLargeOnly(image));
const dataset = { ...all, images: learnable.slice(0, IMAGES) };
const detector = await createPhotoDetector(all.categories.length);
await trainOnPhotos(detector, {
  dataset,
  batchSize: 5,
  augment: 'none',
  iterations,
  every: 50,
  report: () => Promise.resolve(),
});
await printAp(detector, dataset);

function isLargeOnly({ width, height, instances }: LabeledImage): boolean {
  const scale = Math.min(SHORT_SIDE / Math.min(width, height), LONG_SIDE / Math.max(width, height));
  return instances.every(
    ({ box, crowd }) => !crowd && Math.min(box[2] - box[0], box[3] - box[1]) * scale >= SMALLEST,
  );
}
