import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

/** x·Wᵀ + b over the last axis. The weight keeps its stored order; runtimes transpose it once, when they load. */
export function linear(build: Builder, name: string, x: Value): Value {
  const product = build.add('MatMul', [x, build.transpose(build.parameter(`${name}.weight`), [1, 0])]);
  return build.has(`${name}.bias`) ? build.add('Add', [product, build.parameter(`${name}.bias`)]) : product;
}
