import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeLabelFile, writeLabelSet, type FailedImage, type LabelRecord } from '@cassl/labels';
import { openStore } from '@cassl/storage';
import { encodeJpeg, type Detection } from '@cassl/vision';

const SIZE = { width: 64, height: 48 };

/** A label set of plain pictures: image n has n % 4 labels, of scores 0.9, 0.6 and 0.3; image 5 could not be read. */
export async function writeTestSet(folder: string, images: number, perFile = 8): Promise<string> {
  const pool = join(folder, 'pool');
  await mkdir(pool, { recursive: true });
  const data = new Uint8Array(3 * SIZE.width * SIZE.height).fill(90);
  await writeFile(join(pool, 'grey.jpg'), await encodeJpeg({ ...SIZE, data }));
  const address = pathToFileURL(join(folder, 'labels')).href;
  const store = openStore(address);
  const digest = `sha256:${'a'.repeat(64)}`;
  const entries = [];
  for (let first = 0; first < images; first += perFile) {
    const numbers = Array.from({ length: Math.min(perFile, images - first) }, (_, index) => first + index);
    const rows = numbers.map((number) => row(number, pathToFileURL(pool).href));
    entries.push(await writeLabelFile(store, rows, { threshold: 0.2 }));
  }
  const header = {
    threshold: 0.2,
    sources: [
      {
        manifest: digest,
        teacher: { digest, kind: 'checkpoint' as const, prompts: [], licence: '' },
        options: {},
        scoreFloor: 0.2,
      },
    ],
  };
  return (await writeLabelSet(store, header, entries)).address;
}

function row(number: number, pool: string): LabelRecord | FailedImage {
  const key = `${String(number).padStart(6, '0')}.jpg`;
  const location = { store: pool, key: 'grey.jpg' };
  if (number === 5) return { key, location, failure: { code: 'INVALID_ARGUMENT', message: 'is cut off' } };
  const detections = Array.from({ length: number % 4 }, (_, index): Detection => ({
    box: [4 * index, 4, 4 * index + 16, 28],
    score: 0.9 - 0.3 * index,
    category: 0,
  }));
  return {
    key,
    digest: '',
    location,
    ...SIZE,
    detections,
    checkpoint: `sha256:${'a'.repeat(64)}`,
    threshold: 0.2,
  };
}
