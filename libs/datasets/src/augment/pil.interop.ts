import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RgbImage } from '@cassl/vision';
import { createRandom } from '../random.ts';
import { brightness, color, contrast, sharpness } from './color-enhance.ts';
import { autoContrast, equalize, posterize, solarize } from './color-tables.ts';
import { flipImage } from './flip.ts';
import { rotation, shearX, shearY, translation } from './geometric-operations.ts';
import { resizeBilinear, resizeNearest } from './resize-picture.ts';
import { warpImage, warpMask, type Affine } from './warp-affine.ts';

const python = process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python';
const hasPillow = spawnSync(python, ['-c', 'import PIL']).status === 0;

/** Smooth, with a narrow histogram and some noise, so that no operation is the identity. */
function picture(width: number, height: number, seed: number): RgbImage {
  const random = createRandom('picture', seed);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const wave = Math.sin((pixel % width) / (7 + (i % 3))) + Math.cos(Math.floor(pixel / width) / 9);
    return 110 + 40 * wave + random.uniform(-20, 20);
  });
  return { width, height, data };
}

const photo = picture(53, 37, 1);
const inverted = picture(80, 31, 2);

interface Case {
  readonly op: string;
  readonly args: readonly number[];
  readonly input: RgbImage;
  readonly ours: Uint8Array;
  /** Share of values that may differ by one: Pillow steps through a nearest affine map in 16-bit fixed point. */
  readonly offByOne?: number;
}

const affines: readonly Affine[] = [
  rotation(17, 26.5, 18.5),
  rotation(-30, 26.5, 18.5),
  shearX(0.31),
  shearY(-0.237),
  translation(4.3, -2.7),
];

const cases: readonly Case[] = [
  ...[0.28, 0.64, 1, 1.36, 1.72].flatMap((factor) =>
    Object.entries({ brightness, contrast, color, sharpness }).map(([op, change]): Case => ({
      op,
      args: [factor],
      input: photo,
      ours: change(photo, factor).data,
    })),
  ),
  ...[25, 128, 230, 255].map((threshold): Case => ({
    op: 'solarize',
    args: [threshold],
    input: photo,
    ours: solarize(photo, threshold).data,
  })),
  ...[1, 2, 3, 4].map((bits): Case => ({
    op: 'posterize',
    args: [bits],
    input: photo,
    ours: posterize(photo, bits).data,
  })),
  ...[photo, inverted].flatMap((input): Case[] => [
    { op: 'autoContrast', args: [], input, ours: autoContrast(input).data },
    { op: 'equalize', args: [], input, ours: equalize(input).data },
    { op: 'flip', args: [], input, ours: flipImage(input).data },
  ]),
  ...(
    [
      [53, 20],
      [20, 37],
      [101, 75],
      [11, 90],
      [53, 37],
    ] as const
  ).flatMap(([width, height]): Case[] => [
    {
      op: 'resizeBilinear',
      args: [width, height],
      input: photo,
      ours: resizeBilinear(photo, width, height).data,
    },
    {
      op: 'resizeNearest',
      args: [width, height],
      input: photo,
      ours: resizeNearest(photo, width, height).data,
    },
  ]),
  ...affines.map((affine): Case => ({
    op: 'affine',
    args: affine,
    input: photo,
    ours: warpImage(photo, affine, 125).data,
  })),
  ...affines.map((affine): Case => {
    const binary = { ...photo, data: photo.data.map((value) => (value > 110 ? 1 : 0)) };
    const red = binary.data.filter((_, i) => i % 3 === 0);
    const grey = Uint8Array.from(binary.data, (_, i) => red[Math.floor(i / 3)]!);
    const warped = warpMask({ width: photo.width, height: photo.height, data: red }, affine);
    const ours = Uint8Array.from(grey, (_, i) => warped.data[Math.floor(i / 3)]!);
    return { op: 'affineNearest', args: affine, input: { ...photo, data: grey }, ours, offByOne: 0.005 };
  }),
];

describe.skipIf(!hasPillow)('augmentation operators against Pillow', () => {
  let root: string;
  const output = (index: number): string => join(root, `${index}.out`);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cassl-pil-'));
    const jobs = await Promise.all(
      cases.map(async ({ op, args, input }, index) => {
        await writeFile(join(root, `${index}.in`), input.data);
        const { width, height } = input;
        return { op, args, width, height, input: join(root, `${index}.in`), output: output(index) };
      }),
    );
    await writeFile(join(root, 'request.json'), JSON.stringify(jobs));
    execFileSync(python, [join(import.meta.dirname, 'pil_reference.py'), join(root, 'request.json')]);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it.each(cases.map((testCase, index) => ({ ...testCase, index })))(
    '$op $args gives the same bytes',
    async ({ ours, index, offByOne = 0 }) => {
      const theirs = await readFile(output(index));
      expect(ours.length).toBe(theirs.length);
      const differences = ours.map((value, i) => Math.abs(value - theirs[i]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(offByOne > 0 ? 1 : 0);
      const share = differences.filter((difference) => difference > 0).length / ours.length;
      expect(share).toBeLessThanOrEqual(offByOne);
    },
  );
});
