import { invalidArgument } from '@cassl/errors';
import type { FoundObject, InferAnswer } from '@cassl/inference';
import type { OutputTensor } from '../tensors.ts';
import { checkNames, type ModelView, type Outcome, type TensorSpec } from './model-view.ts';

/** `num_detections` of an image that could not be used. */
const NOT_ANSWERED = -1;

/** N images; one of the two. */
const INPUTS: readonly TensorSpec[] = [
  { name: 'image', datatype: 'BYTES', shape: [-1] },
  { name: 'pixels', datatype: 'UINT8', shape: [-1, -1, -1, 3] },
];

/** N images of M detections, M being the most of any image; what an image lacks is zero or empty. */
const OUTPUTS: readonly TensorSpec[] = [
  { name: 'boxes', datatype: 'FP32', shape: [-1, -1, 4] },
  { name: 'scores', datatype: 'FP32', shape: [-1, -1] },
  { name: 'labels', datatype: 'INT32', shape: [-1, -1] },
  { name: 'num_detections', datatype: 'INT32', shape: [-1] },
  { name: 'masks', datatype: 'BYTES', shape: [-1, -1] },
  { name: 'image_sizes', datatype: 'INT32', shape: [-1, 2] },
  { name: 'errors', datatype: 'BYTES', shape: [-1] },
];

/** What a model's own name means: everything that it finds, padded to the M detections of the image that has most. */
export const DETECTIONS: ModelView = {
  inputs: () => INPUTS,
  outputs: () => OUTPUTS,
  // The batch is a dimension of the tensors.
  maxBatchSize: 0,
  open(wanted) {
    const asked = wanted.find(({ classes }) => classes !== undefined);
    if (asked !== undefined)
      throw invalidArgument(
        `${asked.name.slice(0, 100)}: parameters.classification: the outputs are detections, not scores of classes; those has the model's name with :classes behind it`,
      );
    const names = checkNames(wanted, OUTPUTS);
    return {
      wantsMasks: names.includes('masks'),
      write: (outcomes) => names.map((name) => (WRITERS[name] ?? writeErrors)(outcomes)),
    };
  },
};

const WRITERS: Readonly<Record<string, (outcomes: readonly Outcome[]) => OutputTensor>> = {
  boxes: (outcomes) => numbers('boxes', 'FP32', outcomes, 4, ({ found }) => found.box),
  scores: (outcomes) => numbers('scores', 'FP32', outcomes, 1, ({ found }) => [found.score]),
  labels: (outcomes) =>
    numbers('labels', 'INT32', outcomes, 1, ({ found, answer }) => [
      answer.model.categories[found.category]?.id ?? found.category + 1,
    ]),
  num_detections: (outcomes) => ({
    name: 'num_detections',
    datatype: 'INT32',
    shape: [outcomes.length],
    values: Int32Array.from(outcomes, (outcome) =>
      'answer' in outcome ? outcome.answer.detections.length : NOT_ANSWERED,
    ),
  }),
  masks: writeMasks,
  image_sizes: (outcomes) => ({
    name: 'image_sizes',
    datatype: 'INT32',
    shape: [outcomes.length, 2],
    values: Int32Array.from(
      outcomes.flatMap((outcome) =>
        'answer' in outcome ? [outcome.answer.height, outcome.answer.width] : [0, 0],
      ),
    ),
  }),
};

function writeErrors(outcomes: readonly Outcome[]): OutputTensor {
  const values = outcomes.map((outcome) => ('error' in outcome ? outcome.error : ''));
  return { name: 'errors', datatype: 'BYTES', shape: [outcomes.length], values };
}

function writeMasks(outcomes: readonly Outcome[]): OutputTensor {
  const most = mostDetections(outcomes);
  const values = outcomes.flatMap((outcome) => {
    const found = detectionsOf(outcome);
    return Array.from({ length: most }, (_, index) => found[index]?.mask?.counts ?? '');
  });
  return { name: 'masks', datatype: 'BYTES', shape: [outcomes.length, most], values };
}

function numbers(
  name: string,
  datatype: 'FP32' | 'INT32',
  outcomes: readonly Outcome[],
  width: number,
  read: (of: { found: FoundObject; answer: InferAnswer }) => readonly number[],
): OutputTensor {
  const most = mostDetections(outcomes);
  const length = outcomes.length * most * width;
  const values = datatype === 'FP32' ? new Float32Array(length) : new Int32Array(length);
  outcomes.forEach((outcome, image) => {
    if (!('answer' in outcome)) return;
    outcome.answer.detections.forEach((found, index) =>
      values.set(read({ found, answer: outcome.answer }), (image * most + index) * width),
    );
  });
  const shape = [outcomes.length, most, ...(width === 1 ? [] : [width])];
  return { name, datatype, shape, values };
}

function mostDetections(outcomes: readonly Outcome[]): number {
  return Math.max(0, ...outcomes.map((outcome) => detectionsOf(outcome).length));
}

function detectionsOf(outcome: Outcome): readonly FoundObject[] {
  return 'answer' in outcome ? outcome.answer.detections : [];
}
