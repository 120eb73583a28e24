import { invalidArgument } from '@cassl/errors';
import { parseDetectorConfig } from '@cassl/detector/fit-image';
import type { FoundModel, InferAnswer } from '@cassl/inference';
import { MAX_IMAGES } from '../read-images.ts';
import type { OutputTensor } from '../tensors.ts';
import { checkNames, type ModelView, type Outcome } from './model-view.ts';

const NAME = 'classes';

/**
 * A detector seen as a classifier of whole images, for clients that know nothing else (Triton's own image clients): the score of a class is
 * that of its best detection, 0 where there is none. By Triton's classification extension the best K come as `score:index:name`.
 * A batch has no place for an image that cannot be used, so that one fails it.
 */
function classesView(inputs: ModelView['inputs']): ModelView {
  return {
    inputs,
    outputs: ({ categories }) => [{ name: NAME, datatype: 'FP32', shape: [-1, namesIn(categories).length] }],
    maxBatchSize: MAX_IMAGES,
    open(wanted) {
      checkNames(wanted, [{ name: NAME }]);
      const most = wanted[0]?.classes;
      return {
        wantsMasks: false,
        write(outcomes) {
          const answers = outcomes.map(answerOf);
          const names = namesIn(answers[0]?.model.categories ?? []);
          const scores = answers.map((answer) => scoresOf(answer, names.length));
          return [most === undefined ? asNumbers(scores, names.length) : asText(scores, names, most)];
        },
      };
    },
  };
}

/** `NAME:classes`: files. */
export const CLASSES = classesView(() => [{ name: 'image', datatype: 'BYTES', shape: [-1, 1] }]);

/** `NAME:pixel-classes`: pixels of any size; the one that is described is the detector's usual one. */
export const PIXEL_CLASSES = classesView((found) => [
  { name: 'pixels', datatype: 'UINT8', shape: [-1, ...usualSize(found), 3], format: 'FORMAT_NHWC' },
]);

function usualSize({ spec }: FoundModel): readonly [height: number, width: number] {
  const model = spec.kind === 'detector' ? spec.checkpoint.manifest?.model : undefined;
  const { resizeShortSide, resizeLongSide } = parseDetectorConfig(model ?? {});
  return [resizeShortSide, Math.min(resizeLongSide, Math.round((resizeShortSide * 4) / 3))];
}

function namesIn(categories: FoundModel['categories']): readonly string[] {
  return categories.length === 0 ? ['object'] : categories.map(({ name }) => name);
}

function answerOf(outcome: Outcome, index: number): InferAnswer {
  if ('error' in outcome) throw invalidArgument(`inputs[0][${index}]: ${outcome.error}`);
  return outcome.answer;
}

function scoresOf({ detections }: InferAnswer, classes: number): Float32Array {
  const scores = new Float32Array(classes);
  for (const { category, score } of detections)
    if (category < classes) scores[category] = Math.max(scores[category] ?? 0, score);
  return scores;
}

function asNumbers(scores: readonly Float32Array[], classes: number): OutputTensor {
  const values = new Float32Array(scores.length * classes);
  scores.forEach((row, image) => values.set(row, image * classes));
  return { name: NAME, datatype: 'FP32', shape: [scores.length, classes], values };
}

function asText(scores: readonly Float32Array[], names: readonly string[], most: number): OutputTensor {
  const count = Math.min(most, names.length);
  const values = scores.flatMap((row) =>
    [...row.keys()]
      .sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0))
      .slice(0, count)
      .map((index) => `${(row[index] ?? 0).toFixed(6)}:${index}:${names[index] ?? ''}`),
  );
  return { name: NAME, datatype: 'BYTES', shape: [scores.length, count], values };
}
