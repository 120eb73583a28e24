import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';

/** Nearest ×2, [B, C, H, W]. */
export function nearestTimesTwo(build: Builder, x: Value): Value {
  return build.add('Resize', [x, '', build.floats([1, 1, 2, 2])], {
    mode: 'nearest',
    nearest_mode: 'floor',
    coordinate_transformation_mode: 'asymmetric',
  });
}

/**
 * AdelaiDet's aligned bilinear enlargement, [B, C, H, W]: output j reads position max(0, j − ⌊factor / 2⌋) / factor, and the last
 * value repeats. That is a resize from j / factor, moved right and down by half a factor.
 */
export function alignedBilinear(build: Builder, x: Value, factor: number): Value {
  if (factor === 1) return x;
  const half = factor >> 1;
  const wide = build.add('Resize', [x, '', build.floats([1, 1, factor, factor])], {
    mode: 'linear',
    coordinate_transformation_mode: 'asymmetric',
  });
  const cut = build.add('Slice', [wide, build.ints([0, 0]), build.ints([-half, -half]), build.ints([2, 3])]);
  return build.add('Pad', [cut, build.ints([0, 0, half, half, 0, 0, 0, 0])], { mode: 'edge' });
}
