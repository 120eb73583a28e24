/** Speed of the data side on one core: scenes made, and augmented training images per second of every policy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { augmentPolicies, createBatches, generateScenes, openCocoDataset } from '@cassl/datasets';
import type { BenchmarkOptions } from '../options.ts';

const size = 128;
const batchSize = 16;
const warmupBatches = 10;
const measuredBatches = 60;

export async function run({ json }: BenchmarkOptions): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'cassl-bench-'));
  try {
    const out = join(root, 'scenes');
    const startedAt = performance.now();
    await generateScenes({ out, size });
    const scenesSeconds = (performance.now() - startedAt) / 1000;
    const dataset = await openCocoDataset({
      annotations: join(out, 'annotations/instances_train2017.json'),
      images: join(out, 'train2017'),
    });
    const imagesPerSecond: Record<string, number> = {};
    for (const augment of augmentPolicies) {
      const batches = createBatches({ dataset, batchSize, augment, size, seed: 0 });
      for (let index = 0; index < warmupBatches; index++) await batches.at(index);
      const cpuBefore = process.cpuUsage();
      for (let index = 0; index < measuredBatches; index++) await batches.at(warmupBatches + index);
      const { user, system } = process.cpuUsage(cpuBefore);
      // Processor time, so that what else runs on the machine does not count.
      imagesPerSecond[augment] = Math.round((measuredBatches * batchSize) / ((user + system) / 1e6));
    }
    if (json) return console.log(JSON.stringify({ size, scenesSeconds, imagesPerSecond }));
    console.log(`1,100 scenes of ${size} px in ${scenesSeconds.toFixed(1)} s`);
    console.table(imagesPerSecond);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
