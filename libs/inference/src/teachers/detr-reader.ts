import { failedPrecondition } from '@cassl/errors';
import type { TeacherOutput } from '@cassl/proto';
import type { FoundObject, OutputReader } from './found-object.ts';
import type { TensorSpec } from './tensor-model.ts';

/**
 * `[B, Q, C]` logits and `[B, Q, 4]` boxes as center and size, fractions of the input: DETR as transformers exports it (softmax, the last
 * class is "nothing") and Deformable DETR, RT-DETR and Grounding DINO (sigmoid). A query is one object: nothing is suppressed.
 */
export function detrReader(
  specs: readonly TensorSpec[],
  settings: TeacherOutput | undefined,
  activation: 'softmax' | 'sigmoid',
): OutputReader {
  const has = (name: string): boolean => specs.some((spec) => spec.name === name);
  const boxesName = settings?.boxes || (has('pred_boxes') ? 'pred_boxes' : 'boxes');
  const logitsName = settings?.scores || (has('logits') ? 'logits' : 'pred_logits');
  return {
    names: [logitsName, boxesName],
    needsSuppression: false,
    read(outputs, images, threshold) {
      const [logits, boxes] = [outputs.get(logitsName), outputs.get(boxesName)];
      const [scores, places] = [logits?.values, boxes?.values];
      if (
        logits?.shape.length !== 3 ||
        !(scores instanceof Float32Array) ||
        !(places instanceof Float32Array)
      ) {
        throw failedPrecondition(
          `the teacher's outputs ${logitsName} and ${boxesName} must be FP32 [B, Q, C] and [B, Q, 4]`,
        );
      }
      const [, queries = 0, classes = 0] = logits.shape;
      return images.map(({ fit: { padded } }, image) => {
        const found: FoundObject[] = [];
        for (let query = 0; query < queries; query++) {
          const at = image * queries + query;
          const row = scores.subarray(at * classes, (at + 1) * classes);
          const { score, category } = activation === 'softmax' ? bestOfSoftmax(row) : bestOfSigmoid(row);
          if (!(score > threshold)) continue;
          const [x = 0, y = 0, width = 0, height = 0] = places.subarray(at * 4, at * 4 + 4);
          const box = [
            (x - width / 2) * padded.width,
            (y - height / 2) * padded.height,
            (x + width / 2) * padded.width,
            (y + height / 2) * padded.height,
          ] as const;
          found.push({ box, score, category });
        }
        return found;
      });
    },
  };
}

function bestOfSigmoid(logits: Float32Array): { readonly score: number; readonly category: number } {
  const category = indexOfMost(logits);
  return { score: 1 / (1 + Math.exp(-(logits[category] ?? -Infinity))), category };
}

function bestOfSoftmax(logits: Float32Array): { readonly score: number; readonly category: number } {
  const most = Math.max(...logits);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
  const category = indexOfMost(logits.subarray(0, -1));
  return { score: Math.exp((logits[category] ?? -Infinity) - most) / total, category };
}

function indexOfMost(values: Float32Array): number {
  return values.reduce((best, value, index) => (value > (values[best] ?? -Infinity) ? index : best), 0);
}
