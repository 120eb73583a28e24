import { invalidArgument } from '@cassl/errors';
import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

/** Scores travel into suppression once per class: 1,203 classes of LVIS are 24 MB an image, which is still reasonable. */
const MAX_CLASSES = 2048;

/**
 * Class-wise non-maximum suppression: scores [B, N] with −1 for what a better one of its class and image covers.
 * @throws INVALID_ARGUMENT for more classes than fit in memory
 */
export function suppress(
  build: Builder,
  {
    boxes,
    scores,
    categories,
  }: { readonly boxes: Value; readonly scores: Value; readonly categories: Value },
): Value {
  const { nmsThreshold } = build.config;
  const all = build.ints([2 ** 31 - 1]);
  const selected = build.add('NonMaxSuppression', [
    boxes,
    byClass(build, scores, categories),
    all,
    build.floats([Math.fround(nmsThreshold)]),
    build.floats([-0.5]),
  ]); // [M, 3] image, class, place
  const places = build.add('Gather', [selected, build.ints([0, 2])], { axis: 1 });
  const none = build.add('Sub', [build.add('Mul', [scores, build.floats(0)]), build.floats(1)]);
  return build.add('ScatterND', [none, places, build.add('GatherND', [scores, places])]);
}

/** [B, K, N]: a score in its class's row, −1 elsewhere. */
function byClass(build: Builder, scores: Value, categories: Value): Value {
  const { classes } = build.config;
  if (classes > MAX_CLASSES) {
    throw invalidArgument(
      `the detector has ${classes} classes, and suppression inside an ONNX graph takes at most ${MAX_CLASSES}: export the raw outputs`,
    );
  }
  const axis = build.ints([1]);
  const row = build.add('Unsqueeze', [scores, axis]);
  if (classes === 1) return row;
  const index = build.add('Range', [build.ints(0), build.ints(classes), build.ints(1)]);
  const isOfClass = build.add('Equal', [
    build.add('Unsqueeze', [categories, axis]),
    build.reshape(index, [1, -1, 1]),
  ]);
  return build.add('Where', [isOfClass, row, build.floats(-1)]);
}
