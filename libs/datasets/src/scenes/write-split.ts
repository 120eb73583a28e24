import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from '@cassl/vision';
import { createRandom } from '../random.ts';
import { composeScene, type SceneStyle } from './compose-scene.ts';
import { loadSprites } from './load-sprites.ts';
import { annotateScene, type CocoInstance, type CocoPanoptic } from './scene-annotations.ts';

export interface SplitOptions {
  readonly folder: string;
  readonly name: 'train2017' | 'unlabeled2017' | 'val2017';
  readonly count: number;
  /** The first image's COCO id; splits must not overlap. */
  readonly firstId: number;
  readonly size: number;
  readonly seed: number;
  readonly style: SceneStyle;
  readonly signal?: AbortSignal | undefined;
  readonly onImage?: (() => void) | undefined;
}

export interface CocoImage {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
  readonly license: number;
}

export interface WrittenSplit {
  readonly images: readonly CocoImage[];
  readonly instances: readonly CocoInstance[];
  readonly panoptic: readonly CocoPanoptic[];
  /** sha256 of every file written, by its path inside the folder. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Composes, encodes and writes one split; image i depends on (seed, split name, i) alone. */
export async function writeSplit(options: SplitOptions): Promise<WrittenSplit> {
  const { folder, name, count, firstId, size, seed, style, signal, onImage } = options;
  const panopticFolder = `annotations/panoptic_${name}`;
  await mkdir(join(folder, name), { recursive: true });
  await mkdir(join(folder, panopticFolder), { recursive: true });
  const sprites = await loadSprites();
  const images: CocoImage[] = [];
  const instances: CocoInstance[] = [];
  const panoptic: CocoPanoptic[] = [];
  const digests = new Map<string, string>();
  const write = async (path: string, encoded: Promise<Buffer>): Promise<void> => {
    const bytes = await encoded;
    digests.set(path, createHash('sha256').update(bytes).digest('hex'));
    await writeFile(join(folder, path), bytes);
  };
  // libvips encodes one scene in its threads while the next one is composed here.
  let writing: Promise<unknown> = Promise.resolve();
  try {
    for (let index = 0; index < count; index++) {
      signal?.throwIfAborted();
      const scene = composeScene(createRandom(seed, name, index), { size, sprites, style });
      const id = firstId + index;
      const stem = String(id).padStart(12, '0');
      const annotations = annotateScene(scene, id, stem);
      images.push({ id, file_name: `${stem}.jpg`, width: size, height: size, license: 1 });
      instances.push(...annotations.instances);
      panoptic.push(annotations.panoptic);
      const colors = { width: size, height: size, data: annotations.segmentColors };
      await writing;
      writing = Promise.all([
        write(`${name}/${stem}.jpg`, encodeScene(scene.image)),
        write(`${panopticFolder}/${stem}.png`, raw(colors).png().toBuffer()),
      ]);
      onImage?.();
    }
  } finally {
    await writing;
  }
  return { images, instances, panoptic, digests };
}

function raw({ data, width, height }: RgbImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function encodeScene(image: RgbImage): Promise<Buffer> {
  return raw(image).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
}
