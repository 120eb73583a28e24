import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { encodeMask, rleArea, rleBox, type BinaryMask } from '@cassl/vision';
import { expect, it } from 'vitest';
import { rowOf } from '../file/label-record.ts';
import type { LabelRow } from '../file/label-row.ts';
import { record } from '../test-labels.ts';
import { exportLabels } from './export-labels.ts';
import { writeExport } from './write-export.ts';

const run = promisify(execFile);
const python = resolve(process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python');
const [width, height] = [37, 23];

const masks: readonly BinaryMask[] = [
  (x: number, y: number) => (x - 20) ** 2 + (y - 11) ** 2 < 60,
  (x: number, y: number) => (x * 7 + y * 13) % 5 < 2,
  (x: number, y: number) => x === 36 && y === 22,
  () => true,
].map((isOn) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, at) =>
    Number(isOn(at % width, Math.floor(at / width))),
  ),
}));

it.skipIf(!existsSync(python))(
  'pycocotools and a reader of CVAT’s XML see every mask as it was (needs CASSL_PYTHON)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-readers-'));
    try {
      const rles = masks.map(encodeMask);
      const detections = rles.map((mask) => ({
        box: [0, 0, width, height] as const,
        score: 0.5,
        category: 0,
        mask,
      }));
      const row = rowOf({ ...record('a.jpg', detections), width, height });
      async function* rows(): AsyncGenerator<LabelRow> {
        yield await Promise.resolve(row);
      }
      for (const format of ['coco', 'cvat'] as const)
        await writeExport(exportLabels(rows(), { format }), join(folder, format));
      const { stdout } = await run(python, [
        join(import.meta.dirname, 'readers.interop.py'),
        join(folder, 'coco/instances.json'),
        join(folder, 'cvat/annotations.xml'),
      ]);
      const expected = rles.map((rle) => {
        const [x, y, w, h] = rleBox(rle);
        return [rleArea(rle), x, y, x + w, y + h];
      });
      expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({ coco: expected, cvat: expected });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
