import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { detectorPreset, type Detector } from '@cassl/detector';
import { resourceExhausted } from '@cassl/errors';
import { encodePng } from '@cassl/vision';
import { detectorModel } from '@cassl/inference/pipeline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PoolEntry } from '@cassl/datasets';
import { createBatchMeter } from './batch-meter.ts';
import { labelShard, type ShardLabels, type ShardTeacher } from './label-shard.ts';

let home: string;
const entries: PoolEntry[] = [];
const BAD = { cut: '07.png', text: '11.png', gone: '13.png', changed: '17.png' };
const options = { threshold: 0.05, maxDetections: 10, masks: false, nonOverlap: false };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-shard-'));
  const store = pathToFileURL(home).href;
  for (let index = 0; index < 60; index++) {
    const key = `${String(index).padStart(2, '0')}.png`;
    // Landscape and portrait, and no two of one size.
    const [width, height] = index % 3 === 0 ? [40, 60 + index] : [60 + index, 40];
    const png = await encodePng({ width, height, data: new Uint8Array(width * height * 3).fill(index) });
    const bytes = key === BAD.cut ? png.subarray(0, 60) : key === BAD.text ? Buffer.from('no image') : png;
    await writeFile(join(home, key), bytes);
    const { size } = await stat(join(home, key));
    const sizeBytes = key === BAD.changed ? size + 1 : size;
    entries.push({ key, location: { store, key }, sizeBytes });
    if (key === BAD.gone) await rm(join(home, key));
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A model that answers each image's own size, and says which went through it together. */
function modelThat(detect: (widths: readonly number[]) => void = () => undefined): ShardTeacher {
  const detector: Partial<Detector> = {
    config: detectorPreset('resnet18', { resizeShortSide: 32, resizeLongSide: 64 }),
    detectBatch: async (images) => {
      detect(images.map(({ original }) => original.width));
      return Promise.resolve(
        images.map(({ original: { width, height } }) => [
          { box: [0, 0, width, height] as const, score: 0.5, category: 0 },
        ]),
      );
    },
  };
  return { digest: 'a'.repeat(64), model: detectorModel(detector as Detector, '') };
}

const label = (model: ShardTeacher, signal = AbortSignal.timeout(60_000)): Promise<ShardLabels> =>
  labelShard(model, { entries, options }, signal);

describe('labeling a shard', () => {
  it('answers one row an image in the order of the shard, with the reason of those that cannot be read', async () => {
    const rows = await label(modelThat());
    expect(rows.map(({ key }) => key)).toEqual(entries.map(({ key }) => key));
    const failures = new Map(rows.flatMap((row) => ('failure' in row ? [[row.key, row.failure]] : [])));
    expect([...failures.keys()].sort()).toEqual(Object.values(BAD).sort());
    expect(failures.get(BAD.cut)?.message).toMatch(/truncated|damaged|not an image/);
    expect(failures.get(BAD.gone)?.code).toBe('NOT_FOUND');
    expect(failures.get(BAD.changed)?.message).toMatch(/when the pool was listed: it was changed since/);
    for (const row of rows)
      if ('detections' in row) expect(row.detections[0]?.box).toEqual([0, 0, row.width, row.height]);
  });

  it('makes the same full batches every time', async () => {
    const runs = await Promise.all(
      [0, 1, 2].map(async () => {
        const batches: (readonly number[])[] = [];
        await label(modelThat((widths) => batches.push(widths)));
        return batches;
      }),
    );
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    expect(runs[0]!.flat()).toHaveLength(56);
    expect(runs[0]!.filter(({ length }) => length < 8).length).toBeLessThanOrEqual(4);
  });

  it('counts batches and the share of their input that is padding', async () => {
    const meter = createBatchMeter();
    await labelShard(modelThat(), { entries, options, onLabeled: meter.add }, AbortSignal.timeout(60_000));
    expect(meter.read()).toMatchObject({ images: 56, batches: expect.any(Number) });
    expect(meter.read().batches).toBeGreaterThanOrEqual(7);
    expect(meter.read().paddingWaste).toBeGreaterThan(0);
  });

  it('fails as a whole where the network fails: that is no fault of an image', async () => {
    const model = modelThat(() => {
      throw resourceExhausted('no memory');
    });
    await expect(label(model)).rejects.toThrow('no memory');
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const model = modelThat(() => stop.abort(new Error('enough')));
    await expect(label(model, stop.signal)).rejects.toThrow(/enough|gone away/);
  });
});
