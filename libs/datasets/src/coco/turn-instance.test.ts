import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeMask } from '@cassl/vision';
import { loadImage } from '../read-image.ts';
import type { ImageCheck } from './check-images.ts';
import { openCocoDataset } from './open-coco-dataset.ts';

describe('labels of the stored picture', () => {
  const cases = [5, 6, 7, 8].flatMap((orientation) =>
    (['headers', 'decode'] as const).map((check) => ({ orientation, check })),
  );
  it.each(cases)(
    'lie on the same pixels after EXIF orientation $orientation (check $check)',
    async ({ orientation, check }) => {
      const { images, report } = await openTurned(orientation, check);
      expect(report.images).toEqual({ listed: 1, kept: 1 });
      expect(report.reasons).toMatchObject([{ outcome: 'repaired', what: 'image', count: 1 }]);
      const [image] = images;
      const { width, height, data } = await loadImage(image!);
      const bright = Uint8Array.from({ length: width * height }, (_, i) => (data[i * 3]! > 127 ? 1 : 0));
      const { box, mask } = image!.instances[0]!;
      expect(decodeMask(mask!).data).toEqual(bright);
      const set = [...bright.keys()].filter((i) => bright[i] === 1);
      const [xs, ys] = [set.map((i) => i % width), set.map((i) => Math.floor(i / width))];
      expect(box).toEqual([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
    },
  );
});

/** A black 8 x 5 picture with a white rectangle off its centre, labeled as it is stored. */
async function openTurned(orientation: number, check: ImageCheck) {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-turned-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [width, height] = [8, 5];
  const pixels = new Uint8Array(width * height * 3);
  for (const y of [1, 2]) pixels.fill(255, (y * width + 1) * 3, (y * width + 4) * 3);
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .withMetadata({ orientation })
    .png()
    .toFile(join(folder, 'a.png'));
  const annotations = join(folder, 'labels.json');
  const document = {
    images: [{ id: 1, file_name: 'a.png', width, height }],
    categories: [{ id: 1, name: 'thing' }],
    annotations: [
      {
        id: 1,
        image_id: 1,
        category_id: 1,
        bbox: [1, 1, 3, 2],
        area: 6,
        iscrowd: 0,
        segmentation: [[1, 1, 4, 1, 4, 3, 1, 3]],
      },
    ],
  };
  await writeFile(annotations, JSON.stringify(document));
  return openCocoDataset({ annotations, images: folder, check });
}
