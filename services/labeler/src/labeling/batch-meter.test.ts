import { expect, it } from 'vitest';
import { createBatchMeter } from './batch-meter.ts';

const image = (batchSize: number, paddingWaste: number) => ({
  batchSize,
  paddingWaste,
  queueMs: 0,
  inputMs: 0,
  computeMs: 0,
  outputMs: 0,
});

it('counts batches by the images that went through them, and the mean waste of an image', () => {
  const meter = createBatchMeter();
  expect(meter.read()).toEqual({ images: 0, batches: 0, paddingWaste: 0 });
  for (let index = 0; index < 16; index++) meter.add(image(8, 0.25));
  for (let index = 0; index < 3; index++) meter.add(image(3, 0));
  expect(meter.read()).toEqual({ images: 19, batches: 3, paddingWaste: 0.211 });
});
