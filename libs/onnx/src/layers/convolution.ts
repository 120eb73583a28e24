import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

/** [B, I, H, W] → [B, O, H / stride, W / stride]; the kernel is square, padding keeps the size at stride 1. */
export function convolution(
  build: Builder,
  name: string,
  x: Value,
  { stride = 1, padding }: { readonly stride?: number; readonly padding?: number } = {},
): Value {
  const kernel = build.shapeOf(`${name}.weight`)[2]!;
  const pad = padding ?? (kernel - 1) / 2;
  const bias = build.has(`${name}.bias`) ? [build.parameter(`${name}.bias`)] : [];
  return build.add('Conv', [x, build.parameter(`${name}.weight`), ...bias], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
}
