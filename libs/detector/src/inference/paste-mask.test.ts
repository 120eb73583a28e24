import { decodeMask } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { alignedBilinearMatrix } from '../layers/aligned-bilinear.ts';
import { createMaskPaster, type MaskPaste } from './paste-mask.ts';

/** Method 2.7 step by step and without shortcuts: aligned bilinear, crop, half-pixel bilinear, threshold. */
function pasteInFull(
  { map, factor, resized, original, threshold }: MaskPaste,
  values: Float32Array,
): number[] {
  const rows = alignedBilinearMatrix(map.height, factor);
  const columns = alignedBilinearMatrix(map.width, factor);
  const pixel = (y: number, x: number): number => {
    let sum = 0;
    for (let r = 0; r < map.height; r++) {
      for (let c = 0; c < map.width; c++) {
        sum += rows[y * map.height + r]! * columns[x * map.width + c]! * values[r * map.width + c]!;
      }
    }
    return sum;
  };
  const taps = (out: number, size: number, to: number): [number, number][] => {
    const source = Math.max(0, ((out + 0.5) * size) / to - 0.5);
    const low = Math.min(Math.floor(source), size - 1);
    return [
      [low, 1 - (source - low)],
      [Math.min(low + 1, size - 1), source - low],
    ];
  };
  const out: number[] = [];
  for (let y = 0; y < original.height; y++) {
    for (let x = 0; x < original.width; x++) {
      let value = 0;
      for (const [row, weightY] of taps(y, resized.height, original.height)) {
        for (const [column, weightX] of taps(x, resized.width, original.width)) {
          value += weightY * weightX * pixel(row, column);
        }
      }
      out.push(value > threshold ? 1 : 0);
    }
  }
  return out;
}

const wave = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, index) => 0.5 + 0.49 * Math.sin(index * 2.39));

describe('createMaskPaster', () => {
  it.each<[string, MaskPaste]>([
    [
      'enlarges',
      {
        map: { height: 8, width: 8 },
        factor: 4,
        resized: { height: 27, width: 32 },
        original: { height: 40, width: 51 },
        threshold: 0.5,
      },
    ],
    [
      'shrinks',
      {
        map: { height: 8, width: 16 },
        factor: 4,
        resized: { height: 30, width: 61 },
        original: { height: 13, width: 25 },
        threshold: 0.5,
      },
    ],
    [
      'keeps the size',
      {
        map: { height: 16, width: 8 },
        factor: 2,
        resized: { height: 32, width: 16 },
        original: { height: 32, width: 16 },
        threshold: 0.7,
      },
    ],
    [
      'fills from two samples',
      {
        map: { height: 2, width: 2 },
        factor: 4,
        resized: { height: 8, width: 7 },
        original: { height: 9, width: 9 },
        threshold: 0.4,
      },
    ],
  ])('%s like the definition', (_, paste) => {
    const values = wave(paste.map.height * paste.map.width);
    const rle = createMaskPaster(paste)(values);
    expect([...decodeMask(rle).data]).toEqual(pasteInFull(paste, values));
  });

  it('looks only where a mask can be, and finds all of it', () => {
    const paste: MaskPaste = {
      map: { height: 16, width: 16 },
      factor: 4,
      resized: { height: 64, width: 60 },
      original: { height: 90, width: 77 },
      threshold: 0.5,
    };
    const values = new Float32Array(256);
    for (const cell of [35, 36, 52, 99, 255]) values[cell] = 0.95;
    expect([...decodeMask(createMaskPaster(paste)(values)).data]).toEqual(pasteInFull(paste, values));
  });

  it.each([
    ['the bottom', [30, 31, 42, 43, 54, 55, 56]],
    ['the top', [1, 2, 13, 14]],
    ['both', [1, 10, 19, 28, 37, 46, 55]],
  ])('keeps the columns of a mask that touches %s apart', (_, cells) => {
    const paste: MaskPaste = {
      map: { height: 8, width: 8 },
      factor: 4,
      resized: { height: 32, width: 32 },
      original: { height: 32, width: 32 },
      threshold: 0.5,
    };
    const values = new Float32Array(64);
    for (const cell of cells) values[cell] = 1;
    expect([...decodeMask(createMaskPaster(paste)(values)).data]).toEqual(pasteInFull(paste, values));
  });

  it('gives an empty and a full mask as one run', () => {
    const paste = {
      map: { height: 4, width: 4 },
      factor: 4,
      resized: { height: 16, width: 16 },
      original: { height: 5, width: 3 },
      threshold: 0.5,
    };
    expect([...createMaskPaster(paste)(new Float32Array(16)).counts]).toEqual([15]);
    expect([...createMaskPaster(paste)(new Float32Array(16).fill(1)).counts]).toEqual([0, 15]);
  });
});
