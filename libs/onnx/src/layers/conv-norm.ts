import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { convolution } from './convolution.ts';
import { batchNorm, groupNorm } from './norms.ts';

export interface ConvNormOptions {
  readonly stride?: number;
  /** Of a group norm. */
  readonly groups: number;
  readonly relu?: boolean;
}

/** Convolution, norm (batch where it has statistics, else group) and, where asked, ReLU. */
export function convNorm(
  build: Builder,
  names: { readonly conv: string; readonly norm: string },
  x: Value,
  { stride = 1, groups, relu = false }: ConvNormOptions,
): Value {
  const y = convolution(build, names.conv, x, { stride });
  const hasStatistics = build.has(`${names.norm}.running_var`);
  const normed = hasStatistics ? batchNorm(build, names.norm, y) : groupNorm(build, names.norm, y, groups);
  return relu ? build.add('Relu', [normed]) : normed;
}
