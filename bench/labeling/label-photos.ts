/** A label worker's work on real photos in a process of its own, JPEG in, RLE out: `node label-photos.ts '{…LabelPhotos}'`. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readSafetensors } from '@cassl/checkpoints';
import type { PoolEntry } from '@cassl/datasets';
import { createDetector } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { detectorModel } from '@cassl/inference/pipeline';
import { labelShard } from '@cassl/labeler/label-shard';
import { rleToString } from '@cassl/vision';
import { photosOf, type LabelPhotos, type PhotosLabeled } from './photos.ts';

const spec = JSON.parse(process.argv[2] ?? '') as LabelPhotos;
await openEngine({ engine: 'torch' });
const detector = createDetector(spec.config);
const { tensors } = await readSafetensors(spec.weights);
detector.loadStateDict(tensors, { strict: true });
const model = { digest: 'a'.repeat(64), model: detectorModel(detector, '') };
const options = { threshold: 0.05, maxDetections: spec.masks, masks: true, nonOverlap: false };
const store = pathToFileURL(spec.folder).href;

async function label(keys: readonly string[]): Promise<number> {
  const entries = await Promise.all(
    keys.map(async (key): Promise<PoolEntry> => {
      const { size } = await stat(join(spec.folder, key));
      return { key, location: { store, key }, sizeBytes: size };
    }),
  );
  const { batch: maxBatch } = spec;
  const rows = await labelShard(model, { entries, options, maxBatch }, AbortSignal.timeout(600_000));
  const masks = rows.flatMap((row) => ('detections' in row ? row.detections : []));
  return masks.filter(({ mask }) => mask !== undefined && rleToString(mask) !== '').length;
}

const keys = (await photosOf(spec.folder)).slice(0, spec.images);
await label(keys.slice(0, spec.batch));
const [cpu, clock] = [process.cpuUsage(), performance.now()];
const found = await label(keys);
const seconds = (performance.now() - clock) / 1000;
const { user, system } = process.cpuUsage(cpu);
const told: PhotosLabeled = {
  seconds,
  cpuSeconds: (user + system) / 1e6,
  images: keys.length,
  masksPerImage: found / keys.length,
};
console.log(JSON.stringify(told));
process.exit(0);
