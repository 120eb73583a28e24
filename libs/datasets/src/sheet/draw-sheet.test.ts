import { describe, expect, it } from 'vitest';
import { decodeImage } from '@cassl/vision';
import { sceneSamples } from '../scenes/scene-samples.ts';
import { drawAugmentationSheet } from './draw-sheet.ts';
import { sheetEntries } from './sheet-entries.ts';

describe('drawAugmentationSheet', () => {
  it('gives every operator and policy a cell', async () => {
    const samples = await sceneSamples(4, 48, 1);
    const sheet = await drawAugmentationSheet({ samples, seed: 2 });
    const { width, height } = await decodeImage(sheet);
    expect(width).toBe(7 * 220);
    expect(height).toBe(Math.ceil(sheetEntries(samples, 48, 2).length / 7) * 240);
  });

  it('refuses an empty list', async () => {
    await expect(drawAugmentationSheet({ samples: [], seed: 0 })).rejects.toThrow(/at least one/);
  });
});
