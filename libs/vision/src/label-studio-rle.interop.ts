import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { decodeLabelStudioRle, encodeLabelStudioRle } from './label-studio-rle.ts';
import type { BinaryMask } from './types.ts';

const run = promisify(execFile);
const python = resolve(process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python');

/** Blobs, stripes, single pixels, empty and full ones, and one with runs beyond 65,536 values. */
function masks(): BinaryMask[] {
  const of = (width: number, height: number, isOn: (x: number, y: number) => boolean): BinaryMask => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height }, (_, index) =>
      Number(isOn(index % width, Math.floor(index / width))),
    ),
  });
  return [
    of(1, 1, () => true),
    of(7, 5, () => false),
    of(7, 5, () => true),
    of(64, 48, (x, y) => (x - 30) ** 2 + (y - 20) ** 2 < 200),
    of(33, 17, (x, y) => (x * 7 + y * 13) % 5 < 2),
    of(300, 200, (_, y) => y > 50 && y < 180),
  ];
}

it.skipIf(!existsSync(python))(
  'masks go to Label Studio’s own code and back bit by bit (needs CASSL_PYTHON)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-brush-'));
    try {
      const cases = masks();
      const file = join(folder, 'masks.json');
      await writeFile(
        file,
        JSON.stringify(
          cases.map((mask) => [mask.height, mask.width, [...mask.data], encodeLabelStudioRle(mask)]),
        ),
      );
      const script = join(import.meta.dirname, 'label-studio-rle.interop.py');
      const { stdout } = await run(python, [script, file], { timeout: 120_000, maxBuffer: 2 ** 28 });
      const seen = JSON.parse(stdout) as { read: boolean; theirs: number[] }[];
      expect(seen.map(({ read }) => read)).toEqual(cases.map(() => true));
      expect(
        seen.map(({ theirs }, index) =>
          decodeLabelStudioRle(theirs, cases[index]!.height, cases[index]!.width),
        ),
      ).toEqual(cases);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
