import { createHash } from 'node:crypto';
import { encodeMask, type BinaryMask, type Detection } from '@cassl/vision';
import { encodeLabelFile } from './file/label-file.ts';
import type { FailedImage, LabelRecord } from './file/label-record.ts';
import type { LabelSetHeader, LabelSource } from './set/label-set-format.ts';

// Small label records for the tests of this lib.

export const width = 20;
export const height = 16;

function rectangle(x1: number, y1: number, x2: number, y2: number): BinaryMask {
  const data = new Uint8Array(width * height);
  for (let y = y1; y < y2; y++) data.fill(1, y * width + x1, y * width + x2);
  return { width, height, data };
}

export function detection(score: number, [x1, y1, x2, y2]: [number, number, number, number]): Detection {
  return { box: [x1, y1, x2, y2], score, category: 0, mask: encodeMask(rectangle(x1, y1, x2, y2)) };
}

export function record(key: string, detections: Detection[]): LabelRecord {
  return {
    key,
    digest: 'sha256:00',
    location: { store: 'file:///pool', key, range: { start: 512, end: 900 } },
    width,
    height,
    detections,
    checkpoint: 'sha256:cc',
    threshold: 0.05,
  };
}

export async function bytesOf(records: LabelRecord[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeLabelFile(records)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export const two = [
  record('a.jpg', [detection(0.9, [1, 2, 9, 8]), detection(0.4, [5, 2, 15, 8])]),
  record('b.jpg', [{ box: [0.25, 1, 3.5, 4], score: 0.3, category: 0 }]),
];

export function failure(key: string): FailedImage {
  return {
    key,
    location: { store: 'file:///pool', key },
    failure: { code: 'INVALID_ARGUMENT', message: 'cut off' },
  };
}

/** A header of one source with the teacher `letter`. */
export function header(changes: Partial<LabelSource> = {}, letter = 'a'): LabelSetHeader {
  const source: LabelSource = {
    manifest: digestOf('m'),
    teacher: { digest: digestOf(letter), kind: 'checkpoint', prompts: [], licence: 'Apache-2.0' },
    options: { nonOverlap: false },
    scoreFloor: 0.05,
    ...changes,
  };
  return { threshold: 0.05, sources: [source] };
}

export function digestOf(name: string): string {
  return `sha256:${createHash('sha256').update(name).digest('hex')}`;
}
