import { pairIou, type Detection, type Instance } from '@cassl/vision';

/** Detections below it are not counted as found, and not drawn. */
export const SHOWN_SCORE = 0.3;
const LEAST_IOU = 0.5;

/** An object and the detection on it, whatever class that says; one of them is missing for a miss and for a false detection. */
export interface Pairing {
  readonly object?: Instance;
  readonly detection?: Detection;
}

/** Pairs the shown detections of an image with its objects by box, one to one, surest first; crowds are left out. */
export function matchFound(instances: readonly Instance[], detections: readonly Detection[]): Pairing[] {
  const objects = instances.filter(({ crowd }) => !crowd);
  const free = new Set(objects);
  const shown = detections.filter(({ score }) => score > SHOWN_SCORE).sort((a, b) => b.score - a.score);
  const paired = shown.map((detection): Pairing => {
    const [best] = [...free]
      .map((object) => ({ object, iou: pairIou(detection.box, 0, object.box, 0) }))
      .filter(({ iou }) => iou >= LEAST_IOU)
      .sort((a, b) => b.iou - a.iou);
    if (best === undefined) return { detection };
    free.delete(best.object);
    return { detection, object: best.object };
  });
  return [...paired, ...[...free].map((object) => ({ object }))];
}
