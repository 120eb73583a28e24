import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

const EPSILON = { float: 1e-5 };

/** With running statistics; runtimes fold it into the convolution before it. */
export function batchNorm(build: Builder, name: string, x: Value): Value {
  const weights = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
    build.parameter(`${name}.${part}`),
  );
  return build.add('BatchNormalization', [x, ...weights], { epsilon: EPSILON });
}

/**
 * Over groups of contiguous channels, [B, C, H, W]: an instance norm of [B, groups, …], for which every runtime has a kernel
 * of its own.
 */
export function groupNorm(build: Builder, name: string, x: Value, groups: number): Value {
  const channels = build.shapeOf(`${name}.weight`)[0]!;
  const grouped = build.reshape(x, [0, groups, -1]);
  const [ones, zeros] = [1, 0].map((value) => build.floats(new Array<number>(groups).fill(value)));
  const normal = build.add('InstanceNormalization', [grouped, ones!, zeros!], { epsilon: EPSILON });
  const back = build.add('Reshape', [normal, build.add('Shape', [x])]);
  const scaled = build.add('Mul', [back, build.parameter(`${name}.weight`, [channels, 1, 1])]);
  return build.add('Add', [scaled, build.parameter(`${name}.bias`, [channels, 1, 1])]);
}

/** Over the last axis. */
export function layerNorm(build: Builder, name: string, x: Value): Value {
  return build.add(
    'LayerNormalization',
    [x, build.parameter(`${name}.weight`), build.parameter(`${name}.bias`)],
    { axis: -1, epsilon: EPSILON },
  );
}
