import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { convolution } from '../layers/convolution.ts';
import { groupNorm } from '../layers/norms.ts';

const NAME = 'proposal_generator.fcos_head';

/** What the head says on one level; cells follow row by row. */
export interface LevelPrediction {
  /** [B, cells, K] */
  readonly classLogits: Value;
  /** [B, cells, 4] left, top, right, bottom in pixels of the input, not negative. */
  readonly distances: Value;
  /** [B, cells, 1] */
  readonly qualityLogits: Value;
  /** [B, C, H, W]: what the controller reads. */
  readonly boxTower: Value;
}

export function fcosHead(build: Builder, pyramid: readonly Value[]): LevelPrediction[] {
  return pyramid.map((map, index) => {
    const boxTower = tower(build, `${NAME}.bbox_tower`, map);
    const boxes = convolution(build, `${NAME}.bbox_pred`, boxTower);
    const scaled = build.add('Mul', [boxes, build.parameter(`${NAME}.scales.${index}.scale`)]);
    const inStrides = build.add('Relu', [scaled]);
    const distances = build.add('Mul', [inStrides, build.floats(2 ** build.config.levels[index]!)]);
    const classes = convolution(build, `${NAME}.cls_logits`, tower(build, `${NAME}.cls_tower`, map));
    return {
      classLogits: cells(build, classes, build.config.classes),
      distances: cells(build, distances, 4),
      qualityLogits: cells(build, convolution(build, `${NAME}.ctrness`, boxTower), 1),
      boxTower,
    };
  });
}

function tower(build: Builder, name: string, map: Value): Value {
  let x = map;
  for (let index = 0; index < build.config.towerConvolutions; index++) {
    x = convolution(build, `${name}.${3 * index}`, x);
    x = build.add('Relu', [groupNorm(build, `${name}.${3 * index + 1}`, x, build.config.towerGroups)]);
  }
  return x;
}

/** [B, C, H, W] → [B, H·W, C] */
export function cells(build: Builder, map: Value, channels: number): Value {
  return build.reshape(build.transpose(map, [0, 2, 3, 1]), [0, -1, channels]);
}
