import type { LazyState, LazyTensor } from '@cassl/checkpoints';
import type { DetectorConfig } from '@cassl/detector/fit-image';
import { failedPrecondition } from '@cassl/errors';
import { createGraph, type Graph, type Value } from './graph.ts';
import { float32 } from './float32.ts';
import { createSides, type Sides } from './shapes.ts';

/** What every layer is written with. */
export interface Builder extends Graph {
  readonly config: DetectorConfig;
  readonly sides: Sides;
  /** Whether the checkpoint has this tensor. */
  has(name: string): boolean;
  /**
   * A tensor of the checkpoint, by our name, with its own bytes.
   * @param shape another shape for the same elements
   * @throws FAILED_PRECONDITION where the checkpoint lacks it
   */
  parameter(name: string, shape?: readonly number[]): Value;
  /** Its shape. */
  shapeOf(name: string): readonly number[];
  reshape(value: Value, shape: readonly (Value | number)[]): Value;
  transpose(value: Value, order: readonly number[]): Value;
  concat(values: readonly Value[], axis: number): Value;
}

export function createBuilder(state: LazyState, config: DetectorConfig): Builder {
  const graph = createGraph();
  const sides = createSides(graph);
  const find = (name: string): LazyTensor => {
    const tensor = state.get(name);
    if (tensor !== undefined) return tensor;
    throw failedPrecondition(`the checkpoint has no tensor ${name}, which its detector configuration needs`);
  };
  return {
    ...graph,
    get initializers() {
      return graph.initializers;
    },
    config,
    sides,
    has: (name) => state.has(name),
    parameter: (name, shape) => {
      const tensor = float32(find(name));
      return graph.weight(name, shape === undefined ? tensor : { ...tensor, shape });
    },
    shapeOf: (name) => find(name).shape,
    reshape: (value, shape) => {
      const isKnown = shape.every((side) => typeof side === 'number');
      return graph.add('Reshape', [value, isKnown ? graph.ints(shape) : sides.join(shape)]);
    },
    transpose: (value, perm) => graph.add('Transpose', [value], { perm }),
    concat: (values, axis) => (values.length === 1 ? values[0]! : graph.add('Concat', values, { axis })),
  };
}
