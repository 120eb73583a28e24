import type { FoundObject, InferAnswer } from '@cassl/inference';
import { traceOutlines, type BinaryMask } from '@cassl/vision';
import { maskPixels } from '../http/mask-pixels.ts';

/** What a detector function of CVAT answers: rectangles, and where the model has masks, masks with their outline. */
export function writeShapes({ detections, model }: InferAnswer): object[] {
  return detections.map((found) => {
    const { score, category } = found;
    const name = model.categories[category]?.name ?? '';
    return {
      confidence: String(score),
      label: name === '' ? (model.categories.length === 0 ? 'object' : `object ${category + 1}`) : name,
      ...shapeOf(found),
    };
  });
}

function shapeOf(found: FoundObject): object {
  const mask = maskPixels(found);
  const [outline] = mask === undefined ? [] : traceOutlines(mask);
  if (mask === undefined || outline === undefined) return { type: 'rectangle', points: [...found.box] };
  return { type: 'mask', points: outline.flat(), mask: cropMask(mask) };
}

/** CVAT's masks: the pixels of the smallest rectangle, row by row, and then its first and last column and row, inclusive. */
function cropMask({ data, width, height }: BinaryMask): number[] {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let index = 0; index < data.length; index++) {
    if (data[index] === 0) continue;
    const x = index % width;
    const y = (index - x) / width;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = y;
  }
  const pixels: number[] = [];
  for (let y = top; y <= bottom; y++) pixels.push(...data.subarray(y * width + left, y * width + right + 1));
  return [...pixels, left, top, right, bottom];
}
