import { describe, expect, it } from 'vitest';
import { decodeImage, instanceColour, type Colour, type RgbImage, type TrainingSample } from '@cassl/vision';
import { sceneSamples } from '../scenes/scene-samples.ts';
import { drawAugmentationSheet, sheetCellPixels, sheetColumns } from './draw-sheet.ts';
import { sheetEntries } from './sheet-entries.ts';

/** Grey, with one thing at the right border and one in the middle. */
function twoThings(): TrainingSample {
  const [width, height] = [100, 100];
  const thing = (x1: number, x2: number) => {
    const mask = { width, height, data: new Uint8Array(width * height) };
    for (let y = 40; y < 60; y++) mask.data.fill(1, y * width + x1, y * width + x2);
    return { box: [x1, 40, x2, 60] as const, category: 0, mask };
  };
  const image = { width, height, data: new Uint8Array(width * height * 3).fill(128) };
  return { key: 'two', image, instances: [thing(94, 100), thing(40, 60)] };
}

function cellOf(sheet: RgbImage, index: number, height: number): RgbImage {
  const side = sheetCellPixels;
  const [left, top] = [(index % sheetColumns) * side, Math.floor(index / sheetColumns) * height];
  const data = new Uint8Array(side * height * 3);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * sheet.width + left) * 3;
    data.set(sheet.data.subarray(start, start + side * 3), row * side * 3);
  }
  return { width: side, height, data };
}

/** Pixels that are clearly of a colour's hue. */
function countHue(image: RgbImage, colour: Colour): number {
  const middle = (colour[0] + colour[1] + colour[2]) / 3;
  let count = 0;
  for (let at = 0; at < image.data.length; at += 3) {
    const grey = (image.data[at]! + image.data[at + 1]! + image.data[at + 2]!) / 3;
    const [along, own, theirs] = [0, 1, 2].reduce<[number, number, number]>(
      ([dot, a, b], channel) => {
        const [x, y] = [image.data[at + channel]! - grey, colour[channel]! - middle];
        return [dot + x * y, a + x * x, b + y * y];
      },
      [0, 0, 0],
    );
    if (own > 900 && along / Math.sqrt(own * theirs) > 0.95) count++;
  }
  return count;
}

describe('drawAugmentationSheet', () => {
  it('gives every operator and policy a cell, in rows as high as their pictures', async () => {
    const samples = await sceneSamples(4, 48, 1);
    const sheet = await decodeImage(await drawAugmentationSheet({ samples, seed: 2 }));
    const rows = Math.ceil(sheetEntries(samples, 48, 2).length / sheetColumns);
    expect(sheet.width).toBe(sheetColumns * sheetCellPixels);
    // Square pictures: the cell's own height, caption and margins included.
    expect(sheet.height / rows).toBe(sheetCellPixels - 8 + 24 + 4);
  });

  it('names each operator of each policy once, and both operations of a sub-policy', () => {
    const captions = sheetEntries([twoThings()], 48, 1).map(({ caption }) => caption);
    expect(new Set(captions).size).toBe(captions.length);
    expect(captions).toEqual(expect.arrayContaining(['none 1', 'boxes: brightness 4 | rotate 6', 'erase']));
    expect(captions.filter((caption) => caption.startsWith('boxes: '))).toHaveLength(5);
  });

  it('keeps a thing’s colour when another one leaves the picture', async () => {
    const samples = [twoThings()];
    const captions = sheetEntries(samples, 100, 1).map(({ caption }) => caption);
    const sheet = await decodeImage(await drawAugmentationSheet({ samples, seed: 1 }));
    const colours = [instanceColour(0), instanceColour(1)] as const;
    const found = (caption: string): boolean[] => {
      const cell = cellOf(sheet, captions.indexOf(caption), 320);
      return colours.map((colour) => countHue(cell, colour) > 100);
    };
    expect(found('original')).toEqual([true, true]);
    expect(found('translate-x 0.1')).toEqual([false, true]);
  });

  it('refuses an empty list', async () => {
    await expect(drawAugmentationSheet({ samples: [], seed: 0 })).rejects.toThrow(/at least one/);
  });
});
