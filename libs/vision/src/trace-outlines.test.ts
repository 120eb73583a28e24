import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceOutlines, type Outline } from './trace-outlines.ts';
import type { BinaryMask } from './types.ts';

function maskOf(rows: readonly string[]): BinaryMask {
  const [first = ''] = rows;
  const data = Uint8Array.from(rows.join(''), (pixel) => (pixel === '#' ? 1 : 0));
  return { width: first.length, height: rows.length, data };
}

/** Whether the middle of a pixel lies inside, by crossings. */
function isInside(outline: Outline, x: number, y: number): boolean {
  return (
    outline.filter(([x1, y1], index) => {
      const [x2, y2] = outline[(index + 1) % outline.length]!;
      return x1 === x2 && x1 > x + 0.5 && Math.min(y1, y2) < y + 0.5 && Math.max(y1, y2) > y + 0.5;
    }).length %
      2 ===
    1
  );
}

describe('traceOutlines', () => {
  it('goes around a pixel, a rectangle and an L', () => {
    expect(traceOutlines(maskOf(['#']))).toEqual([
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
    ]);
    expect(traceOutlines(maskOf(['....', '.##.', '....']))).toEqual([
      [
        [1, 1],
        [3, 1],
        [3, 2],
        [1, 2],
      ],
    ]);
    expect(traceOutlines(maskOf(['#.', '##']))).toEqual([
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [2, 1],
        [2, 2],
        [0, 2],
      ],
    ]);
  });

  it('answers nothing for an empty mask, and the largest part first', () => {
    expect(traceOutlines(maskOf(['..', '..']))).toEqual([]);
    const [first, second] = traceOutlines(maskOf(['#.##', '..##']));
    expect([first?.[0], second?.[0]]).toEqual([
      [2, 0],
      [0, 0],
    ]);
  });

  it('gives outlines that fill back to the mask, holes aside', () => {
    const masks = fc.integer({ min: 1, max: 9 }).chain((width) =>
      fc.array(fc.boolean(), { minLength: width, maxLength: width * 8 }).map((bits) => {
        const height = Math.floor(bits.length / width);
        return { width, height, data: Uint8Array.from(bits.slice(0, width * height), Number) };
      }),
    );
    fc.assert(
      fc.property(masks, (mask) => {
        const outlines = traceOutlines(mask);
        for (let index = 0; index < mask.data.length; index++) {
          const x = index % mask.width;
          const y = (index - x) / mask.width;
          const inside = outlines.filter((outline) => isInside(outline, x, y)).length;
          if (mask.data[index] === 1) expect(inside).toBeGreaterThan(0);
          else if (inside > 0) expect(reachesBorder(mask, x, y)).toBe(false);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

/** Whether background at (x, y) is no hole: parts are 4-connected, so their background is 8-connected. */
function reachesBorder({ width, height, data }: BinaryMask, x: number, y: number): boolean {
  const seen = new Set<number>();
  const stack = [[x, y] as const];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const [px, py] = at;
    if (px < 0 || py < 0 || px >= width || py >= height) return true;
    const index = py * width + px;
    if (data[index] === 1 || seen.has(index)) continue;
    seen.add(index);
    for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) stack.push([px + dx, py + dy]);
  }
  return false;
}
