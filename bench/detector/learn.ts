/**
 * A short honest training: `CASSL_SHARED=../shared node bench/detector/learn.ts [ITERATIONS]`. ResNet-18-C4 from ImageNet weights
 * on all 369 coco-mini training images, class-agnostic, with weak augmentation; prints losses and the AP on the 151 validation
 * images four times.
 */
import { openEngine } from '@cassl/engine';
import { createPhotoDetector, openPhotos, printAp, trainOnPhotos } from './photos.ts';

const iterations = Number(process.argv[2] ?? 600);

await openEngine();
const validation = await openPhotos('val', 'agnostic');
const detector = await createPhotoDetector(1);
await trainOnPhotos(detector, {
  dataset: await openPhotos('train', 'agnostic'),
  batchSize: 4,
  augment: 'weak',
  iterations,
  every: Math.ceil(iterations / 4),
  report: () => printAp(detector, validation),
});
