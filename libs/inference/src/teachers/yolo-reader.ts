import { failedPrecondition } from '@cassl/errors';
import type { TeacherOutput } from '@cassl/proto';
import type { FoundObject, OutputReader } from './found-object.ts';
import type { TensorSpec } from './tensor-model.ts';

/**
 * One output of anchors: center, size, then scores of classes. `[B, 4 + C, N]` as Ultralytics exports YOLOv8 and later, or, with an
 * objectness that multiplies them, `[B, N, 5 + C]` as YOLOv5 and YOLOX.
 */
export function yoloReader(
  specs: readonly TensorSpec[],
  settings: TeacherOutput | undefined,
  { hasObjectness }: { readonly hasObjectness: boolean },
): OutputReader {
  const name = settings?.boxes || specs[0]?.name || '';
  const first = hasObjectness ? 5 : 4;
  return {
    names: [name],
    needsSuppression: true,
    read(outputs, images, threshold) {
      const output = outputs.get(name);
      const values = output?.values;
      if (output?.shape.length !== 3 || !(values instanceof Float32Array)) {
        throw failedPrecondition(`the teacher's output ${name} must be FP32 of three axes`);
      }
      const [, rows = 0, columns = 0] = output.shape;
      const [anchors, fields] = hasObjectness ? [rows, columns] : [columns, rows];
      // Where field f of anchor a lies: fields are the last axis with objectness, the middle one without.
      const [byAnchor, byField] = hasObjectness ? [fields, 1] : [1, anchors];
      return images.map((_, image) => {
        const start = image * anchors * fields;
        const field = (anchor: number, index: number): number =>
          values[start + anchor * byAnchor + index * byField] ?? 0;
        const found: FoundObject[] = [];
        for (let anchor = 0; anchor < anchors; anchor++) {
          let [best, category] = [-Infinity, 0];
          for (let index = first; index < fields; index++) {
            if (field(anchor, index) > best) [best, category] = [field(anchor, index), index - first];
          }
          const score = hasObjectness ? field(anchor, 4) * (fields > first ? best : 1) : best;
          if (!(score > threshold)) continue;
          const [x, y, width, height] = [0, 1, 2, 3].map((index) => field(anchor, index)) as [
            number,
            number,
            number,
            number,
          ];
          const box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2] as const;
          found.push({ box, score, category });
        }
        return found;
      });
    },
  };
}
