import { randomUUID } from 'node:crypto';
import type { FoundObject, InferAnswer } from '@cassl/inference';
import { encodeLabelStudioRle, traceOutlines, type BinaryMask } from '@cassl/vision';
import { maskPixels } from '../http/mask-pixels.ts';
import type { LabelConfig, RegionKind } from './read-label-config.ts';

/** A prediction as Label Studio imports it. */
export interface Prediction {
  readonly result: readonly object[];
  /** Mean of the regions' scores. */
  readonly score: number;
  readonly model_version: string;
  /** Findings of categories that no label answers to, by name; Label Studio ignores it, people should not. */
  readonly unmatched?: Readonly<Record<string, number>>;
}

/** What was found in one image as regions of the configuration; coordinates are percent of the image. */
export function writePrediction(config: LabelConfig, answer: InferAnswer, modelVersion: string): Prediction {
  const unmatched: Record<string, number> = {};
  const scores: number[] = [];
  const result = answer.detections.flatMap((found) => {
    const category = answer.model.categories[found.category]?.name ?? '';
    const label = config.labelOf.get(category.toLowerCase()) ?? config.onlyLabel;
    if (label === undefined) {
      unmatched[category] = (unmatched[category] ?? 0) + 1;
      return [];
    }
    scores.push(found.score);
    return SHAPES[config.kind](found, answer).map((shape) => ({
      id: randomUUID().slice(0, 10),
      from_name: config.fromName,
      to_name: config.toName,
      type: config.kind,
      original_width: answer.width,
      original_height: answer.height,
      image_rotation: 0,
      score: found.score,
      origin: 'prediction',
      value: { ...shape, [config.kind]: [label] },
    }));
  });
  return {
    result,
    score: scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score) / scores.length,
    model_version: modelVersion,
    ...(Object.keys(unmatched).length === 0 ? {} : { unmatched }),
  };
}

type Shape = Readonly<Record<string, unknown>>;

const SHAPES: Readonly<Record<RegionKind, (found: FoundObject, image: InferAnswer) => readonly Shape[]>> = {
  rectanglelabels: ({ box: [x1, y1, x2, y2] }, { width, height }) => [
    {
      x: (100 * x1) / width,
      y: (100 * y1) / height,
      width: (100 * (x2 - x1)) / width,
      height: (100 * (y2 - y1)) / height,
      rotation: 0,
    },
  ],
  brushlabels: (found, image) => [{ format: 'rle', rle: encodeLabelStudioRle(pixelsOf(found, image)) }],
  // A polygon has one outline: a mask in several parts becomes as many regions.
  polygonlabels: (found, image) =>
    traceOutlines(pixelsOf(found, image)).map((outline) => ({
      points: outline.map(([x, y]) => [(100 * x) / image.width, (100 * y) / image.height]),
      closed: true,
    })),
};

/** Of a model without masks the box, whole pixels: better than nothing in a project of brushes. */
function pixelsOf(found: FoundObject, { width, height }: InferAnswer): BinaryMask {
  return maskPixels(found) ?? boxPixels(found, width, height);
}

function boxPixels({ box: [x1, y1, x2, y2] }: FoundObject, width: number, height: number): BinaryMask {
  const data = new Uint8Array(width * height);
  const left = Math.max(0, Math.round(x1));
  const right = Math.min(width, Math.round(x2));
  for (let y = Math.max(0, Math.round(y1)); y < Math.min(height, Math.round(y2)); y++)
    data.fill(1, y * width + left, y * width + Math.max(left, right));
  return { width, height, data };
}
