import type { Xyxy } from './types.ts';

/** A text of a drawing, and the box that it names. */
export interface Tag {
  readonly box: Xyxy;
  readonly width: number;
  readonly height: number;
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * Where tags go so that the first ones cover nothing of each other: above their box, else inside at its top, inside at its bottom or below it; above
 * again where nothing is free. None leaves the picture.
 */
export function placeTags(tags: readonly Tag[], picture: { width: number; height: number }): Place[] {
  const placed: Xyxy[] = [];
  return tags.map(({ box: [x1, y1, , y2], width, height }) => {
    const within = (at: number, size: number, most: number): number => Math.max(0, Math.min(at, most - size));
    const x = within(x1, width, picture.width);
    const wanted = [...(y1 >= height ? [y1 - height] : []), y1, y2 - height, y2];
    const corners = wanted.map((y) => within(y, height, picture.height));
    const isFree = (y: number): boolean =>
      placed.every(
        ([left, top, right, bottom]) => x >= right || x + width <= left || y >= bottom || y + height <= top,
      );
    const y = corners.find(isFree) ?? corners[0] ?? 0;
    placed.push([x, y, x + width, y + height]);
    return { x, y };
  });
}
