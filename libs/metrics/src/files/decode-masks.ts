import { errorMessage, invalidArgument } from '@cassl/errors';
import { readCounts } from '@cassl/vision';
import type { MaskStore } from '../coco/mask-store.ts';
import type { ResultsTable } from './read-results.ts';

/**
 * Decodes the masks of one image's rows into `target`, which is cleared first.
 * @throws INVALID_ARGUMENT naming the entry of a run string that is malformed or of another size.
 */
export function decodeMasks(
  { path, masks }: ResultsTable,
  rows: Uint32Array,
  target: MaskStore,
  { height, width }: { height: number; width: number },
): void {
  target.clear();
  for (const row of rows) {
    const { bytes, start, end } = masks.at(row);
    const offset = target.reserve(end - start);
    try {
      const used = readCounts(bytes, start, end, target.runs, offset);
      let pixels = 0;
      for (let run = offset; run < used; run++) pixels += target.runs[run]!;
      if (pixels !== height * width) {
        throw invalidArgument(`RLE runs add up to ${pixels} pixels, but its size is ${height} x ${width}`);
      }
      target.push(used, height);
    } catch (error) {
      throw invalidArgument(`${path}: entry[${row}].segmentation: ${errorMessage(error)}`, { cause: error });
    }
  }
}
