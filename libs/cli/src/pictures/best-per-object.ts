import { nonMaximumSuppression, type Xyxy } from '@cassl/vision';

/** The detector's own `nmsThreshold`, here across classes. */
const SAME_OBJECT_IOU = 0.6;

/** For drawings: a detector may name one object several times; only its best name is shown. */
export function bestPerObject<T>(
  detections: readonly T[],
  read: (detection: T) => { readonly box: Xyxy; readonly score: number },
): T[] {
  const kept = nonMaximumSuppression({
    boxes: Float32Array.from(detections.flatMap((detection) => read(detection).box)),
    scores: Float32Array.from(detections, (detection) => read(detection).score),
    iouThreshold: SAME_OBJECT_IOU,
  });
  return [...kept].flatMap((index) => detections[index] ?? []);
}
