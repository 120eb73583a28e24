import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { alignedBilinear } from '../layers/enlarge.ts';
import { axisCenters } from './cell-centers.ts';

export interface MaskInstances {
  /** [B, D, 169] */
  readonly parameters: Value;
  /** [B, D, 2] x and y of each instance's cell. */
  readonly centers: Value;
  /** [B, D, 1] what relative coordinates are divided by. */
  readonly sizes: Value;
}

/**
 * CondInst's dynamic mask head: probabilities [B, D, 2h, 2w] of features [B, d, h, w]. Layer 1 is split in the part of the
 * features, one product for all instances of an image, and the part of the relative coordinates.
 */
export function dynamicMasks(build: Builder, features: Value, instances: MaskInstances): Value {
  const d = build.config.dynamicChannels;
  const stride = 2 ** build.config.levels[0]!;
  const { sides } = build;
  const [height, width] = [sides.of(features, 2), sides.of(features, 3)];
  const sizes = [(d + 2) * d, d * d, d, d, d, 1];
  const parts = build.addMany('Split', [instances.parameters, build.ints(sizes)], sizes.length, { axis: 2 });
  const [w1, w2, w3, b1, b2, b3] = [
    [d, d + 2],
    [d, d],
    [1, d],
    [d, 1],
    [d, 1],
    [1, 1],
  ].map((shape, index) => build.reshape(parts[index]!, [0, 0, ...shape])) as [
    Value,
    Value,
    Value,
    Value,
    Value,
    Value,
  ];
  const [toCoordinates, toFeatures] = build.addMany('Split', [w1, build.ints([2, d])], 2, { axis: 3 }) as [
    Value,
    Value,
  ];

  const rows = build.reshape(features, [0, d, -1]); // [B, d, hw]
  const shared = build.add('MatMul', [build.reshape(toFeatures, [0, -1, d]), rows]);
  const perInstance = build.reshape(shared, [0, -1, d, sides.times(height, width)]);
  const relative = relativeCoordinates(build, instances, pixelCenters(build, height, width, stride));
  const first = build.add('Add', [perInstance, build.add('MatMul', [toCoordinates, relative])]);
  const hidden1 = build.add('Relu', [build.add('Add', [first, b1])]);
  const hidden2 = build.add('Relu', [build.add('Add', [build.add('MatMul', [w2, hidden1]), b2])]);
  const logits = build.add('Add', [build.add('MatMul', [w3, hidden2]), b3]); // [B, D, 1, hw]
  const maps = build.reshape(logits, [0, -1, height, width]);
  return build.add('Sigmoid', [alignedBilinear(build, maps, 2)]);
}

/** [B, D, 2, hw]: (cell − pixel) / size. */
function relativeCoordinates(build: Builder, { centers, sizes }: MaskInstances, pixels: Value): Value {
  const last = build.ints([3]);
  const difference = build.add('Sub', [build.add('Unsqueeze', [centers, last]), pixels]);
  return build.add('Div', [difference, build.add('Unsqueeze', [sizes, last])]);
}

/** [2, hw] x and y of every pixel. */
function pixelCenters(build: Builder, height: Value, width: Value, stride: number): Value {
  const shape = build.sides.join([height, width]);
  const y = build.reshape(axisCenters(build, height, stride, stride / 2), [-1, 1]);
  const x = axisCenters(build, width, stride, stride / 2);
  return build.concat(
    [x, y].map((axis) => build.reshape(build.add('Expand', [axis, shape]), [1, -1])),
    0,
  );
}
