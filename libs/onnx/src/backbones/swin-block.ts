import { relativePositionIndex } from '@cassl/checkpoints';
import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { linear } from '../layers/linear.ts';
import { layerNorm } from '../layers/norms.ts';
import type { WindowPartition } from './swin-windows.ts';

export interface SwinBlockPlace {
  readonly channels: number;
  readonly heads: number;
  readonly window: number;
}

/** x ─ + attention(norm1) ─ + mlp(norm2), [B, H, W, C] → the same. */
export function swinBlock(
  build: Builder,
  name: string,
  x: Value,
  place: SwinBlockPlace,
  partition: WindowPartition,
): Value {
  const attended = windowAttention(
    build,
    `${name}.attn`,
    layerNorm(build, `${name}.norm1`, x),
    place,
    partition,
  );
  const y = build.add('Add', [x, attended]);
  const hidden = build.add('Gelu', [linear(build, `${name}.mlp.fc1`, layerNorm(build, `${name}.norm2`, y))]);
  return build.add('Add', [y, linear(build, `${name}.mlp.fc2`, hidden)]);
}

function windowAttention(
  build: Builder,
  name: string,
  x: Value,
  { channels, heads, window }: SwinBlockPlace,
  partition: WindowPartition,
): Value {
  const tokens = window * window;
  const depth = channels / heads;
  const joined = build.reshape(linear(build, `${name}.qkv`, partition.split(x)), [
    -1,
    tokens,
    3,
    heads,
    depth,
  ]);
  const parts = build.addMany('Split', [build.transpose(joined, [2, 0, 3, 1, 4])], 3, {
    axis: 0,
    num_outputs: 3,
  });
  const [q, k, v] = parts.map((part) => build.add('Squeeze', [part, build.ints([0])])) as [
    Value,
    Value,
    Value,
  ];
  const scaled = build.add('Mul', [q, build.floats(depth ** -0.5)]);
  const products = build.add('MatMul', [scaled, build.transpose(k, [0, 1, 3, 2])]); // [B·n, heads, w², w²]
  const biased = build.add('Add', [products, positionBias(build, name, window, heads)]);
  const scores = withMask(build, biased, partition, heads, tokens);
  const mixed = build.add('MatMul', [build.add('Softmax', [scores], { axis: -1 }), v]);
  const lined = build.reshape(build.transpose(mixed, [0, 2, 1, 3]), [-1, tokens, channels]);
  return linear(build, `${name}.proj`, partition.join(lined, channels));
}

/** [heads, w², w²] of the learned table; constant, so runtimes compute it when they load. */
function positionBias(build: Builder, name: string, window: number, heads: number): Value {
  const tokens = window * window;
  const index = build.ints([...relativePositionIndex(window)]);
  const rows = build.add('Gather', [build.parameter(`${name}.relative_position_bias_table`), index], {
    axis: 0,
  });
  return build.transpose(build.reshape(rows, [tokens, tokens, heads]), [2, 0, 1]);
}

/** The mask differs by window, and all images have the same. */
function withMask(
  build: Builder,
  scores: Value,
  { mask, count }: WindowPartition,
  heads: number,
  tokens: number,
): Value {
  if (mask === undefined) return scores;
  const byImage = build.reshape(scores, [-1, count, heads, tokens, tokens]);
  return build.reshape(build.add('Add', [byImage, mask]), [-1, heads, tokens, tokens]);
}
