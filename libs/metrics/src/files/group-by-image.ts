/** Rows of a table by image, in file order within each: rows of image i are `rows[starts[i], starts[i + 1])`. */
export interface RowsByImage {
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
}

export function groupByImage(image: Int32Array, count: number, images: number): RowsByImage {
  const starts = new Uint32Array(images + 1);
  for (let row = 0; row < count; row++) starts[image[row]! + 1]!++;
  for (let i = 0; i < images; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) rows[next[image[row]!]!++] = row;
  return { rows, starts };
}
