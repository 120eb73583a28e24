import type { BackboneFacts } from '../names/describe-backbone.ts';
import type { InputConvention } from '../names/input-convention.ts';
import { architectureOf } from './architecture.ts';
import type { DetectorFacts } from './detector-facts.ts';
import type { Config } from './config.ts';
import type { ModelFacts } from './model-facts.ts';

/** The keys of detectron2's and AdelaiDet's config that must be set for these weights. */
export function detectronConfig(
  backbone: BackboneFacts,
  { resnetStride }: ModelFacts,
  input: InputConvention,
  detector: DetectorFacts | undefined,
): Config {
  const architecture = architectureOf(backbone);
  return {
    INPUT: { FORMAT: input.order.toUpperCase() },
    MODEL: {
      PIXEL_MEAN: input.mean,
      PIXEL_STD: input.std,
      ...(architecture?.kind === 'resnet'
        ? { RESNETS: { DEPTH: architecture.depth, STRIDE_IN_1X1: resnetStride === 'msra', NORM: 'FrozenBN' } }
        : {}),
      ...(detector === undefined
        ? {}
        : { FCOS: { NUM_CLASSES: detector.classes, NUM_CLS_CONVS: detector.towerConvolutions } }),
    },
  };
}
