/** The definitions of `src/ops` in doubles, written from their formulas and not from the code beside them. */
import { build, erf, normalised, sigmoid, softmax, softplus, sum, type Array64 } from './float64.ts';

interface Geometry {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly activation: 'linear' | 'relu';
}

/** x [N, H, W, I], filter [kh, kw, I / groups, O], bias [O] */
export function conv2d(x: Array64, filter: Array64, bias: Array64, geometry: Geometry): Array64 {
  const { stride, padding, dilation, groups, activation } = geometry;
  const [batch, height, width] = x.shape as [number, number, number];
  const [rows, columns, inputs, outputs] = filter.shape as [number, number, number, number];
  const outputSize = (size: number, taps: number) =>
    Math.floor((size + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1;
  const pixel = (n: number, y: number, left: number, c: number) =>
    y < 0 || y >= height || left < 0 || left >= width ? 0 : x.at(n, y, left, c);
  return build([batch, outputSize(height, rows), outputSize(width, columns), outputs], (n, i, j, o) => {
    const firstInput = Math.floor(o / (outputs / groups)) * inputs;
    const y = sum(rows, (p) =>
      sum(columns, (q) =>
        sum(
          inputs,
          (c) =>
            filter.at(p, q, c, o) *
            pixel(
              n,
              i * stride - padding + p * dilation,
              j * stride - padding + q * dilation,
              firstInput + c,
            ),
        ),
      ),
    );
    return activation === 'relu' ? Math.max(y + bias.at(o), 0) : y + bias.at(o);
  });
}

/** x [N, H, W, C] */
export function groupNorm(x: Array64, gamma: Array64, beta: Array64, groups: number): Array64 {
  const [, height, width, channels] = x.shape as [number, number, number, number];
  const size = channels / groups;
  return build(x.shape, (n, i, j, c) => {
    const first = Math.floor(c / size) * size;
    const member = (m: number) => {
      const position = Math.floor(m / size);
      return x.at(n, Math.floor(position / width), position % width, first + (m % size));
    };
    return normalised(height * width * size, member, x.at(n, i, j, c)) * gamma.at(c) + beta.at(c);
  });
}

/** x [B, N, C] */
export function layerNorm(x: Array64, gamma: Array64, beta: Array64): Array64 {
  const channels = x.shape.at(-1)!;
  return build(
    x.shape,
    (b, n, c) => normalised(channels, (i) => x.at(b, n, i), x.at(b, n, c)) * gamma.at(c) + beta.at(c),
  );
}

/** q [B, h, N, d], k and v [B, h, M, d], bias broadcast to [B, h, N, M] */
export function attention(q: Array64, k: Array64, v: Array64, scale: number, bias?: Array64): Array64 {
  const keys = k.shape[2]!;
  const depth = q.shape[3]!;
  return build(q.shape, (b, h, n, e) => {
    const score = (m: number) =>
      scale * sum(depth, (d) => q.at(b, h, n, d) * k.at(b, h, m, d)) + (bias?.broadcastAt(b, h, n, m) ?? 0);
    return sum(keys, (m) => softmax(keys, score, m) * v.at(b, h, m, e));
  });
}

/** With alpha 0.25 and gamma 2; `target` is 0 or 1. */
export function focalLoss(logit: number, target: number): number {
  const signed = target === 1 ? logit : -logit;
  return (target === 1 ? 0.25 : 0.75) * sigmoid(-signed) ** 2 * softplus(-signed);
}

export const gelu = (x: number): number => (x * (1 + erf(x / Math.SQRT2))) / 2;
