import type { DetectorConfig } from './config.ts';
import { dynamicHeadCost, type LayerCost, layerCost } from './layer-costs.ts';
import { listParameters, type ParameterCount, countParameters } from './parameter-count.ts';
import { type MapSize, paddedSize } from './pyramid.ts';
import { DETECTOR_PARTS, type DetectorPart, partOf } from './state/parts.ts';

const FLOAT_BYTES = 4;

export interface PartSummary {
  readonly parameters: number;
  /** Billions of operations of one forward pass, a multiply and an add counted as two. */
  readonly gflop: number;
  /** Bytes of the maps that a training step needs for its backward pass, per image. */
  readonly activationBytes: number;
}

export interface DetectorSummary {
  readonly parameters: ParameterCount;
  readonly gflop: number;
  readonly activationBytes: number;
  readonly parts: Readonly<Record<DetectorPart, PartSummary>>;
  /** Size that was counted: the one asked for, padded. */
  readonly size: MapSize;
}

/**
 * What a model weighs and costs, from its figure alone: nothing is run.
 *
 * Operations are those of detection in one image: convolutions, linear layers, attention products, and the controller and
 * dynamic layers of `maxDetections` masks. Norms, biases, activations, resampling and pasting are not counted.
 *
 * Activations are what plain PyTorch's autograd keeps of one image in float32, with as many masks as
 * `maxMaskInstances` (and `maxMaskInstancesPerImage`) allow and without `recompute`. Weights, their gradients, the
 * optimiser's state and working memory come on top.
 */
export function summarizeDetector(config: DetectorConfig, size: MapSize): DetectorSummary {
  const input = paddedSize(config, [size]);
  const parameters = countParameters(config);
  const model = { config, parameters: listParameters(config), input };
  const operations = emptyParts();
  const bytes = emptyParts();
  const add = (part: DetectorPart, { multiplyAdds, kept }: LayerCost): void => {
    operations[part] += 2 * multiplyAdds;
    bytes[part] += kept * FLOAT_BYTES;
  };
  for (const parameter of model.parameters.values()) add(partOf(parameter.name), layerCost(parameter, model));
  add('head', dynamicHeadCost(model));
  const parts = Object.fromEntries(
    DETECTOR_PARTS.map((part) => [
      part,
      {
        parameters: parameters.parts[part],
        gflop: operations[part] / 1e9,
        activationBytes: bytes[part],
      },
    ]),
  ) as Record<DetectorPart, PartSummary>;
  const sum = (values: Record<DetectorPart, number>): number =>
    DETECTOR_PARTS.reduce((total, part) => total + values[part], 0);
  return { parameters, parts, size: input, gflop: sum(operations) / 1e9, activationBytes: sum(bytes) };
}

function emptyParts(): Record<DetectorPart, number> {
  return { backbone: 0, neck: 0, head: 0, classifier: 0 };
}
