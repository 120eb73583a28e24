import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { encodeMask, encodePng, rleArea, rleBox, type BinaryMask } from '@cassl/vision';
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

const rles = masks.map(encodeMask);
/** Area and corners of each mask. */
const expected = rles.map((rle) => {
  const [x, y, w, h] = rleBox(rle);
  return [rleArea(rle), x, y, x + w, y + h];
});

async function exportTo(folder: string, format: 'coco' | 'cvat' | 'label-studio'): Promise<void> {
  const detections = rles.map((mask) => ({
    box: [0, 0, width, height] as const,
    score: 0.5,
    category: 0,
    mask,
  }));
  const row = rowOf({ ...record('a.png', detections), width, height });
  async function* rows(): AsyncGenerator<LabelRow> {
    yield await Promise.resolve(row);
  }
  await writeExport(exportLabels(rows(), { format }), folder);
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-readers-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function asked(script: string, ...paths: string[]): Promise<unknown> {
  const { stdout } = await run(python, [join(import.meta.dirname, script), ...paths]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

it.skipIf(!existsSync(python))(
  'pycocotools, a reader of CVAT’s XML and Label Studio’s brush code see every mask as it was (needs CASSL_PYTHON)',
  () =>
    inFolder(async (folder) => {
      for (const format of ['coco', 'cvat', 'label-studio'] as const)
        await exportTo(join(folder, format), format);
      const found = await asked(
        'readers.interop.py',
        join(folder, 'coco/instances.json'),
        join(folder, 'cvat/annotations.xml'),
        join(folder, 'label-studio/tasks.json'),
      );
      expect(found).toEqual({ coco: expected, cvat: expected, 'label-studio': expected });
    }),
  60_000,
);

const hasDatumaro = existsSync(python) && spawnSync(python, ['-c', 'import datumaro']).status === 0;

it.skipIf(!hasDatumaro)(
  'datumaro, the library behind CVAT’s formats, sees every mask with its name and score (needs datumaro in CASSL_PYTHON)',
  () =>
    inFolder(async (folder) => {
      for (const format of ['coco', 'cvat'] as const) {
        await exportTo(join(folder, format), format);
        await mkdir(join(folder, format, 'images'));
        const png = await encodePng({ width, height, data: new Uint8Array(width * height * 3) });
        await writeFile(join(folder, format, 'images/a.png'), png);
      }
      await mkdir(join(folder, 'coco/annotations'));
      await rename(
        join(folder, 'coco/instances.json'),
        join(folder, 'coco/annotations/instances_default.json'),
      );
      const found = (await asked(
        'datumaro.interop.py',
        join(folder, 'coco'),
        join(folder, 'cvat/annotations.xml'),
      )) as Record<'coco' | 'cvat', unknown[]>;
      const labels = expected.map((place) => ['a', 'object', 0.5, ...place]);
      expect(found.cvat).toEqual(labels);
      expect(found.coco).toHaveLength(labels.length);
      expect(found.coco).toEqual(expect.arrayContaining(labels));
    }),
  120_000,
);
