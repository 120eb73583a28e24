import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { convNorm } from '../layers/conv-norm.ts';
import { convolution } from '../layers/convolution.ts';
import { alignedBilinear } from '../layers/enlarge.ts';

/** → [B, d, h, w] at the finest level's stride. */
export function maskBranch(build: Builder, pyramid: readonly Value[]): Value {
  const { maskLevels, maskConvolutions, maskGroups } = build.config;
  const block = (name: string, x: Value): Value =>
    convNorm(build, { conv: `${name}.0`, norm: `${name}.1` }, x, { relu: true, groups: maskGroups });
  let x = pyramid
    .slice(0, maskLevels)
    .map((map, index) => alignedBilinear(build, block(`mask_branch.refine.${index}`, map), 2 ** index))
    .reduce((sum, map) => build.add('Add', [sum, map]));
  for (let index = 0; index < maskConvolutions; index++) x = block(`mask_branch.tower.${index}`, x);
  return convolution(build, `mask_branch.tower.${maskConvolutions}`, x);
}
