import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { convolution } from '../layers/convolution.ts';
import { nearestTimesTwo } from '../layers/enlarge.ts';

/** C2, C3, … → one map per level of the config, [B, pyramidChannels, H / 2^k, W / 2^k]. */
export function featurePyramid(build: Builder, stages: readonly Value[]): Value[] {
  const { pyramidInputs, levels } = build.config;
  const pyramid: Value[] = [];
  let top: Value | undefined;
  for (const level of [...pyramidInputs].reverse()) {
    if (level < levels[0]!) break;
    const lateral = convolution(build, `backbone.fpn_lateral${level}`, stages[level - 2]!);
    top = top === undefined ? lateral : build.add('Add', [nearestTimesTwo(build, top), lateral]);
    pyramid.unshift(convolution(build, `backbone.fpn_output${level}`, top));
  }
  levels
    .filter((level) => level > pyramidInputs.at(-1)!)
    .forEach((level, index) => {
      const last = pyramid.at(-1)!;
      const input = index === 0 ? last : build.add('Relu', [last]);
      pyramid.push(convolution(build, `backbone.top_block.p${level}`, input, { stride: 2 }));
    });
  return pyramid;
}
