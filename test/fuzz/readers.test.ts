import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bytesSource,
  encodeSafetensors,
  float32Tensor,
  pthChunks,
  readPth,
  readSafetensors,
} from '@cassl/checkpoints';
import { openCocoDataset, openImagePool } from '@cassl/datasets';
import { isCasslError } from '@cassl/errors';
import { decodeImage, rleFromString, rleToString } from '@cassl/vision';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, fuzzRun, type Random } from './random.ts';

/** One reading of damaged bytes may take so long on a busy machine. */
const LIMIT_MS = 10_000;
const { seed, count } = fuzzRun(150);

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Bytes turned over, cut out, doubled, filled or cut off. */
function damage(random: Random, bytes: Uint8Array): Uint8Array {
  let damaged = Buffer.from(bytes);
  for (let change = random.below(5); change >= 0 && damaged.length > 1; change--) {
    const at = random.below(damaged.length);
    const length = 1 + random.below(Math.min(64, damaged.length - at));
    switch (random.below(5)) {
      case 0:
        damaged[at] = random.below(256);
        break;
      case 1:
        damaged = damaged.subarray(0, at);
        break;
      case 2:
        damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + length)]);
        break;
      case 3:
        damaged = Buffer.concat([damaged.subarray(0, at + length), damaged.subarray(at)]);
        break;
      default:
        damaged.fill(random.pick([0, 0x20, 0x39, 0x7f, 0xff]), at, at + length);
    }
  }
  return damaged;
}

/** Reads `count` damaged copies; each is read, or refused by an error of ours, in time. */
async function hold(
  samples: readonly Uint8Array[],
  read: (bytes: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const random = createRandom(seed);
  for (let number = 0; number < count; number++) {
    const bytes = damage(random, random.pick(samples));
    const startedAt = performance.now();
    try {
      await read(bytes);
    } catch (error) {
      const where = `input ${number} of seed ${seed}: ${Buffer.from(bytes.subarray(0, 200)).toString('base64')}`;
      if (!isCasslError(error) || error.code === 'INTERNAL') throw new Error(where, { cause: error });
    }
    expect(performance.now() - startedAt, `input ${number} of seed ${seed}`).toBeLessThan(LIMIT_MS);
  }
}

const state = new Map([
  ['a.weight', float32Tensor([2, 3], new Float32Array([1, 2, 3, 4, 5, 6]))],
  ['b', float32Tensor([], new Float32Array([7]))],
]);

describe(`readers of ${count} damaged files each (seed ${seed})`, () => {
  it('images', async () => {
    const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } });
    const samples = await Promise.all([
      picture.clone().png().toBuffer(),
      picture.clone().jpeg().toBuffer(),
      picture.clone().webp().toBuffer(),
      picture.clone().gif().toBuffer(),
      picture.clone().tiff().toBuffer(),
    ]);
    await hold(samples, (bytes) => decodeImage(bytes));
  }, 86_400_000);

  it('safetensors', async () => {
    await hold([encodeSafetensors(state)], (bytes) => readSafetensors(bytes));
  }, 86_400_000);

  it('pickles in a PyTorch archive', async () => {
    await hold([Buffer.concat([...pthChunks(state)])], (bytes) => readPth(bytesSource(bytes)));
  }, 86_400_000);

  it('tar files of a pool', async () => {
    const picture = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const tar = tarOf([
      ['a.png', picture],
      ['b.png', picture],
    ]);
    const place = join(folder, 'pool.tar');
    await hold([tar], async (bytes) => {
      await writeFile(place, bytes);
      const pool = await openImagePool(folder);
      for await (const _ of pool.entries()) continue;
    });
    await rm(place);
  }, 86_400_000);

  it('COCO annotations', async () => {
    const document = {
      images: [{ id: 1, file_name: 'a.png', width: 4, height: 4 }],
      annotations: [
        {
          id: 1,
          image_id: 1,
          category_id: 1,
          bbox: [0, 0, 2, 2],
          area: 4,
          iscrowd: 0,
          segmentation: [[0, 0, 2, 0, 2, 2]],
        },
        {
          id: 2,
          image_id: 1,
          category_id: 1,
          bbox: [0, 0, 2, 2],
          area: 4,
          iscrowd: 1,
          segmentation: { size: [4, 4], counts: '04' },
        },
      ],
      categories: [{ id: 1, name: 'object', supercategory: 'none' }],
    };
    await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .png()
      .toFile(join(folder, 'a.png'));
    const place = join(folder, 'coco.json');
    await hold([Buffer.from(JSON.stringify(document))], async (bytes) => {
      await writeFile(place, bytes);
      await openCocoDataset({ annotations: place, images: folder });
    });
  }, 86_400_000);

  it('run-length masks', async () => {
    const text = rleToString({
      width: 20,
      height: 10,
      counts: new Uint32Array([5, 10, 150, 20, 15]),
    });
    await hold([Buffer.from(text)], (bytes) =>
      Promise.resolve().then(() => rleFromString(Buffer.from(bytes).toString('latin1'), 10, 20)),
    );
  }, 86_400_000);
});

/** POSIX ustar. */
function tarOf(files: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, content] of files) {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(content.length.toString(8).padStart(11, '0'), 124);
    header.write('        0', 148);
    header.write('ustar\0' + '00', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    parts.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
