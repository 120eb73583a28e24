import { describe, expect, it } from 'vitest';
import { drawDetections, encodeMask, inkOn, instanceColour, type RgbImage } from './index.ts';

const grey: RgbImage = { width: 120, height: 90, data: new Uint8Array(120 * 90 * 3).fill(128) };
const mask = encodeMask({
  width: 120,
  height: 90,
  data: Uint8Array.from({ length: 120 * 90 }, (_, i) => {
    const [y, x] = [Math.floor(i / 120), i % 120];
    return Number(y >= 40 && y < 80 && x >= 30 && x < 90);
  }),
});

const pixel = (image: RgbImage, x: number, y: number) =>
  Array.from(image.data.subarray(3 * (y * 120 + x)).slice(0, 3));

describe('drawDetections', () => {
  it('tints masks, outlines boxes, writes labels and leaves the picture itself alone', async () => {
    const drawn = await drawDetections(grey, [{ box: [30, 40, 90, 80], mask, score: 0.9 }]);
    expect(grey.data.every((value) => value === 128)).toBe(true);
    expect(pixel(drawn, 60, 60)).not.toEqual([128, 128, 128]);
    expect(pixel(drawn, 110, 10)).toEqual([128, 128, 128]);
    expect(pixel(drawn, 40, 33)).not.toEqual([128, 128, 128]);
  });

  it('draws no label for an empty text', async () => {
    const drawn = await drawDetections(grey, [{ box: [30, 40, 90, 80], score: 0.9 }], { labels: [''] });
    expect(pixel(drawn, 40, 33)).toEqual([128, 128, 128]);
  });

  it('keeps labels of boxes at the rim inside, whatever characters they have', async () => {
    const drawn = await drawDetections(grey, [{ box: [100, -5, 160, 120] }], { labels: ['Straße 犬 <&>'] });
    expect([drawn.width, drawn.height]).toEqual([120, 90]);
    expect(pixel(drawn, 60, 5)).not.toEqual([128, 128, 128]);
  });

  it('refuses a mask of another size', async () => {
    const wrong = encodeMask({ width: 2, height: 2, data: new Uint8Array(4) });
    await expect(drawDetections(grey, [{ box: [0, 0, 1, 1], mask: wrong }])).rejects.toThrow(
      /mask is 2 x 2, the picture 90 x 120/,
    );
  });

  it('picks colours apart from each other and ink that stands out', () => {
    const colours = Array.from({ length: 12 }, (_, index) => instanceColour(index));
    for (const [i, a] of colours.entries()) {
      for (const b of colours.slice(i + 1)) {
        expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(20);
      }
    }
    expect(inkOn([250, 240, 100])).toEqual([17, 17, 17]);
    expect(inkOn([60, 20, 120])).toEqual([255, 255, 255]);
  });
});
