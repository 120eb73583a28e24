import type { BinaryMask } from './types.ts';

/** Corners of a closed outline in pixel coordinates, `[x, y]` each; the last joins the first. */
export type Outline = readonly (readonly [x: number, y: number])[];

/** Right, down, left, up. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;

/**
 * The outer outlines of a mask's 4-connected parts, largest first, along the edges of pixels with the part on the right hand: filling
 * one gives back its part exactly, its holes filled. `[0, 0]` is the upper left corner of the first pixel.
 */
export function traceOutlines(mask: BinaryMask): Outline[] {
  const labels = new Int32Array(mask.data.length);
  const parts: { readonly outline: Outline; readonly area: number }[] = [];
  for (let index = 0; index < mask.data.length; index++) {
    if (mask.data[index] === 0 || labels[index] !== 0) continue;
    const label = parts.length + 1;
    const area = floodPart(mask, labels, index, label);
    parts.push({ outline: followEdge(mask, labels, index, label), area });
  }
  return parts.sort((a, b) => b.area - a.area).map(({ outline }) => outline);
}

function floodPart(
  { data, width, height }: BinaryMask,
  labels: Int32Array,
  start: number,
  label: number,
): number {
  const stack = [start];
  labels[start] = label;
  let area = 0;
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    area++;
    const x = index % width;
    const y = (index - x) / width;
    for (const [dx, dy] of STEPS) {
      const next = index + dy * width + dx;
      const isInside = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
      if (isInside && data[next] !== 0 && labels[next] === 0) {
        labels[next] = label;
        stack.push(next);
      }
    }
  }
  return area;
}

/** Starts at the part's first pixel in reading order, whose upper edge is on the outline for sure. */
function followEdge(
  { width, height }: BinaryMask,
  labels: Int32Array,
  start: number,
  label: number,
): Outline {
  const isPart = (x: number, y: number): boolean =>
    x >= 0 && x < width && y >= 0 && y < height && labels[y * width + x] === label;
  const startX = start % width;
  const startY = (start - startX) / width;
  const corners: [number, number][] = [[startX, startY]];
  let direction = 0;
  let x = startX;
  let y = startY;
  for (;;) {
    const [dx, dy] = STEPS[direction]!;
    x += dx;
    y += dy;
    const turned = turn(isPart, x, y, direction);
    if (x === startX && y === startY) return corners;
    if (turned !== direction) corners.push([x, y]);
    direction = turned;
  }
}

/** The direction of the edge that leaves corner (x, y): of the two pixels ahead, the left one decides first. */
function turn(isPart: (x: number, y: number) => boolean, x: number, y: number, direction: number): number {
  const [dx, dy] = STEPS[direction]!;
  // The pixels ahead of the corner, on the left and on the right of the way.
  const left = isPart(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2);
  const right = isPart(x + (dx - dy - 1) / 2, y + (dy + dx - 1) / 2);
  if (!right) return (direction + 1) % 4;
  return left ? (direction + 3) % 4 : direction;
}
