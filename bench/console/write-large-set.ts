import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { writeLabelSet, type LabelFileEntry } from '@cassl/labels';
import { openStore } from '@cassl/storage';
import { encodeJpeg } from '@cassl/vision';

const PER_FILE = 256;
const [WIDTH, HEIGHT] = [640, 480];
/** All images of the set are this one. */
const PICTURE = 'grey.jpg';
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** A label set of so many images with two labels each, in files of 256 as a labeling writes them; answers its address. */
export async function writeLargeSet(folder: string, images: number): Promise<string> {
  const pool = join(folder, 'pool');
  await mkdir(pool, { recursive: true });
  const data = new Uint8Array(3 * WIDTH * HEIGHT).fill(90);
  await writeFile(join(pool, PICTURE), await encodeJpeg({ width: WIDTH, height: HEIGHT, data }));
  return (
    await writeLabelSet(
      openStore(pathToFileURL(folder).href),
      header(),
      entries(folder, images, pathToFileURL(pool).href),
    )
  ).address;
}

async function* entries(folder: string, images: number, pool: string): AsyncGenerator<LabelFileEntry> {
  for (let first = 0; first < images; first += PER_FILE) {
    const count = Math.min(PER_FILE, images - first);
    const text = Array.from({ length: count }, (_, index) => `${line(first + index, pool)}\n`).join('');
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

function line(number: number, pool: string): string {
  return JSON.stringify({
    key: keyOf(number),
    sha256: '',
    location: { store: pool, key: PICTURE },
    width: WIDTH,
    height: HEIGHT,
    instances: [
      { bbox: [number % 600, 10, 30, 40], score: 0.91 },
      { bbox: [5, number % 400, 60, 50], score: 0.3 },
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
