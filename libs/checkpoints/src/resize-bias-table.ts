import { invalidArgument } from '@cassl/errors';
import { float32Tensor, toFloat32, type HostTensor } from './host-tensor.ts';

/** The cubic kernel's parameter in PyTorch's bicubic interpolation. */
const A = -0.75;

/**
 * Resizes a Swin relative position bias table [(2w - 1)², heads] to another window: per head a bicubic resize of a
 * (2w - 1)×(2w - 1) image, as `F.interpolate(mode='bicubic', align_corners=False)` does it.
 * @throws INVALID_ARGUMENT when the table is not that of a window
 */
export function resizeBiasTable(
  table: HostTensor,
  window: number,
  name = 'relative position bias table',
): HostTensor {
  const [rows = 0, heads = 0] = table.shape;
  const from = Math.sqrt(rows);
  if (table.shape.length !== 2 || !Number.isInteger(from) || from % 2 === 0) {
    throw invalidArgument(`${name} must be [(2w - 1)², heads], got [${table.shape.join(', ')}]`);
  }
  const to = 2 * window - 1;
  if (from === to) return table;
  const weights = cubicWeights(from, to);
  const alongX = interpolate(toFloat32(table, name), weights, from, heads);
  return float32Tensor([to * to, heads], interpolate(alongX, weights, 1, to * heads));
}

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** Four taps per output position, at half-pixel centres, clamped to the border. */
function cubicWeights(from: number, to: number): Tap[][] {
  return Array.from({ length: to }, (_, position) => {
    const x = ((position + 0.5) * from) / to - 0.5;
    const first = Math.floor(x);
    return [-1, 0, 1, 2].map((offset) => ({
      index: Math.min(Math.max(first + offset, 0), from - 1),
      weight: cubic(Math.abs(x - first - offset)),
    }));
  });
}

function cubic(distance: number): number {
  if (distance <= 1) return ((A + 2) * distance - (A + 3)) * distance * distance + 1;
  return ((A * distance - 5 * A) * distance + 8 * A) * distance - 4 * A;
}

/** Resizes the middle axis of [outer, from, inner]. */
function interpolate(
  values: Float32Array,
  taps: readonly (readonly Tap[])[],
  outer: number,
  inner: number,
): Float32Array {
  const from = values.length / outer / inner;
  const out = new Float32Array(outer * taps.length * inner);
  for (let block = 0; block < outer; block++) {
    for (const [position, four] of taps.entries()) {
      const target = (block * taps.length + position) * inner;
      for (const { index, weight } of four) {
        const source = (block * from + index) * inner;
        for (let i = 0; i < inner; i++) out[target + i] = out[target + i]! + weight * values[source + i]!;
      }
    }
  }
  return out;
}
