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
 * Where tags go so that the first ones cover nothing of each other: above their box, else inside at its top, inside at its bottom or below it, all
 * at its left, then at its right; where nothing is free, where they cover least. None leaves the picture.
 */
export function placeTags(tags: readonly Tag[], picture: { width: number; height: number }): Place[] {
  const placed: Xyxy[] = [];
  return tags.map(({ box: [x1, y1, x2, y2], width, height }) => {
    const rows = [...(y1 >= height ? [y1 - height] : []), y1, y2 - height, y2];
    const corners = [x1, x2 - width].flatMap((x) =>
      rows.map((y) => ({
        x: within(x, picture.width - width),
        y: within(y, picture.height - height),
      })),
    );
    const place = leastCovering(corners, ({ x, y }) =>
      placed.reduce((sum, other) => sum + coveredArea([x, y, x + width, y + height], other), 0),
    );
    placed.push([place.x, place.y, place.x + width, place.y + height]);
    return place;
  });
}

function within(at: number, most: number): number {
  return Math.max(0, Math.min(at, most));
}

/** The first of those that cover least. */
function leastCovering(places: readonly Place[], covered: (place: Place) => number): Place {
  let found: Place = { x: 0, y: 0 };
  let least = Infinity;
  for (const place of places) {
    const area = covered(place);
    if (area >= least) continue;
    found = place;
    least = area;
    if (area === 0) break;
  }
  return found;
}

function coveredArea([x1, y1, x2, y2]: Xyxy, [left, top, right, bottom]: Xyxy): number {
  const width = Math.min(x2, right) - Math.max(x1, left);
  const height = Math.min(y2, bottom) - Math.max(y1, top);
  return Math.max(0, width) * Math.max(0, height);
}
