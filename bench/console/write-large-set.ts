import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { writeLabelSet, type LabelFileEntry } from '@cassl/labels';
import { openStore } from '@cassl/storage';
import { encodeJpeg } from '@cassl/vision';

const PER_FILE = 256;
/** A picture of a pool. */
export interface PoolPicture {
  readonly key: string;
  readonly width: number;
  readonly height: number;
}

/** Of the set whose images are all this one. */
const GREY: PoolPicture = { key: 'grey.jpg', width: 640, height: 480 };
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** A label set of so many images, all of them one grey picture. */
export async function writeLargeSet(folder: string, images: number): Promise<string> {
  const pool = join(folder, 'pool');
  await mkdir(pool, { recursive: true });
  const { key, width, height } = GREY;
  const data = new Uint8Array(3 * width * height).fill(90);
  await writeFile(join(pool, key), await encodeJpeg({ width, height, data }));
  return writeSetOf({ folder, pool, images, pictureOf: () => GREY });
}

interface LargeSet {
  readonly folder: string;
  /** Folder of the pictures. */
  readonly pool: string;
  readonly images: number;
  readonly pictureOf: (number: number) => PoolPicture;
}

/** A label set of so many images with two labels each, in files of 256 as a labeling writes them; answers its address. */
export async function writeSetOf(set: LargeSet): Promise<string> {
  await mkdir(set.folder, { recursive: true });
  return (await writeLabelSet(openStore(pathToFileURL(set.folder).href), header(), entries(set))).address;
}

async function* entries({ folder, pool, images, pictureOf }: LargeSet): AsyncGenerator<LabelFileEntry> {
  const store = pathToFileURL(pool).href;
  for (let first = 0; first < images; first += PER_FILE) {
    const count = Math.min(PER_FILE, images - first);
    const text = Array.from(
      { length: count },
      (_, index) => `${line(first + index, store, pictureOf(first + index))}\n`,
    ).join('');
    const content = gzipSync(text, { level: 1 });
    const hex = createHash('sha256').update(content).digest('hex');
    await writeFile(join(folder, `${hex}.jsonl.gz`), content);
    const scores = new Array<number>(91).fill(0);
    scores[29] = count;
    scores[90] = count;
    yield {
      digest: `sha256:${hex}`,
      bytes: content.byteLength,
      source: 0,
      keys: [keyOf(first), keyOf(first + count - 1)],
      images: count,
      labeled: count,
      empty: 0,
      failed: 0,
      labels: 2 * count,
      scores,
      best: [...new Array<number>(90).fill(0), count],
    };
  }
}

function line(number: number, store: string, { key, width, height }: PoolPicture): string {
  return JSON.stringify({
    key: keyOf(number),
    sha256: '',
    location: { store, key },
    width,
    height,
    instances: [
      { bbox: [number % (width - 30), 10, 30, 40], score: 0.91 },
      { bbox: [5, number % (height - 50), 60, 50], score: 0.3 },
    ],
    checkpoint: DIGEST,
    threshold: 0.2,
  });
}

function keyOf(number: number): string {
  return `${String(number).padStart(9, '0')}.jpg`;
}

function header(): Parameters<typeof writeLabelSet>[1] {
  const teacher = { digest: DIGEST, kind: 'checkpoint' as const, prompts: [], licence: '' };
  return { threshold: 0.2, sources: [{ manifest: DIGEST, teacher, options: {}, scoreFloor: 0.2 }] };
}
