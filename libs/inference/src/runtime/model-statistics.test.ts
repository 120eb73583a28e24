import { expect, it } from 'vitest';
import { countStatistics } from './model-statistics.ts';

const metadata = (computeMs: number, batchSize = 1) => ({
  batchSize,
  computeMs,
  paddingWaste: 0,
  queueMs: 0,
  inputMs: 0,
  outputMs: 0,
});

it('judges what an image takes by the fastest of the latest, so that a stall refuses nobody', () => {
  const counter = countStatistics();
  // A process that has just begun and a machine that stands still.
  counter.succeeded(5000, metadata(5000));
  expect(counter.msPerImage).toBeUndefined();
  for (let image = 0; image < 8; image++) counter.succeeded(40, metadata(40, 2));
  counter.succeeded(9000, metadata(9000));
  expect(counter.msPerImage).toBe(20);
  // It has really become slower.
  for (let image = 0; image < 40; image++) counter.succeeded(300, metadata(300));
  expect(counter.msPerImage).toBe(300);
});
