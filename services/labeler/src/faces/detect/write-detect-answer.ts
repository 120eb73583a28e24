import type { InferAnswer } from '@cassl/inference';
import type { DetectAnswer } from './detect-schema.ts';

/** An answer as `POST /v1/detect` gives it. */
export function writeDetectAnswer(name: string, answer: InferAnswer): DetectAnswer {
  const { model, width, height, metadata } = answer;
  return {
    model: { name, digest: model.digest },
    image: { width, height },
    detections: answer.detections.map(({ box: [x1, y1, x2, y2], score, category, mask }) => ({
      box: { x1, y1, x2, y2 },
      score,
      category_id: model.categories[category]?.id ?? category + 1,
      category: model.categories[category]?.name ?? '',
      ...(mask === undefined ? {} : { mask: { size: [mask.height, mask.width], counts: mask.counts } }),
    })),
    timing: {
      batch_size: metadata.batchSize,
      queue_ms: metadata.queueMs,
      input_ms: metadata.inputMs,
      compute_ms: metadata.computeMs,
      output_ms: metadata.outputMs,
    },
  };
}
