import type { DetectorConfig } from './config.ts';
import { listParameters, type ParameterCount, countParameters } from './parameter-count.ts';
import type { Parameter } from './parameters.ts';
import { type MapSize, paddedSize } from './pyramid.ts';
import { DETECTOR_PARTS, type DetectorPart, partOf } from './state/parts.ts';

const FLOAT_BYTES = 4;

export interface PartSummary {
  readonly parameters: number;
  /** Billions of operations of one forward pass, a multiply and an add counted as two. */
  readonly gflop: number;
  /** Bytes of the maps that a training step keeps for its backward pass, per image. */
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
 * What a model weighs and costs, from its figure alone: nothing is run. Operations are those of one image with
 * `maxDetections` masks; activations are the outputs of every convolution, linear layer and norm that is trained, plus
 * attention weights, in float32. Fused kernels keep a little less, optimisers and gradients come on top.
 */
export function summarizeDetector(config: DetectorConfig, size: MapSize): DetectorSummary {
  const padded = paddedSize(config, [size]);
  const parameters = countParameters(config);
  const specs = listParameters(config);
  const operations = emptyParts();
  const bytes = emptyParts();
  for (const spec of specs.values()) {
    const part = partOf(spec.name);
    const cost = costOf(spec, specs, config, padded);
    operations[part] += 2 * cost.multiplyAdds;
    if (spec.trainable ?? true) bytes[part] += cost.outputs * FLOAT_BYTES;
  }
  operations.head += 2 * maskOperations(config, padded);
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
  return { parameters, parts, size: padded, gflop: sum(operations) / 1e9, activationBytes: sum(bytes) };
}

interface Cost {
  readonly multiplyAdds: number;
  /** Numbers in the outputs. */
  readonly outputs: number;
}

function costOf(
  spec: Parameter,
  specs: ReadonlyMap<string, Parameter>,
  config: DetectorConfig,
  padded: MapSize,
): Cost {
  const weights = spec.shape.reduce((product, side) => product * side, 1);
  // The controller is read at single cells.
  if (/^controller\.(out_conv\.)?weight$/.test(spec.name)) {
    return {
      multiplyAdds: weights * config.maxDetections,
      outputs: spec.shape[0]! * config.maxMaskInstances,
    };
  }
  if (spec.name.endsWith('.relative_position_bias_table')) return attentionCost(spec, specs, config, padded);
  const cells = (spec.appliedAt ?? []).reduce((sum, stride) => sum + cellsAt(padded, stride), 0);
  return { multiplyAdds: weights * cells, outputs: spec.shape[0]! * cells };
}

/** q·kᵀ and ·v of one Swin block: every token against its window, twice. */
function attentionCost(
  table: Parameter,
  specs: ReadonlyMap<string, Parameter>,
  { window }: DetectorConfig,
  padded: MapSize,
): Cost {
  const projection = specs.get(table.name.replace('relative_position_bias_table', 'proj.weight'))!;
  const stride = projection.appliedAt![0]!;
  const up = (side: number): number => Math.ceil(Math.ceil(side / stride) / window) * window;
  const tokens = up(padded.height) * up(padded.width);
  const [channels, heads] = [projection.shape[0]!, table.shape[1]!];
  return { multiplyAdds: 2 * tokens * window ** 2 * channels, outputs: tokens * window ** 2 * heads };
}

/** The dynamic head's 1×1 layers for a full set of detections. */
function maskOperations(config: DetectorConfig, padded: MapSize): number {
  if (!config.masks) return 0;
  const d = config.dynamicChannels;
  return ((d + 2) * d + d * d + d) * config.maxDetections * cellsAt(padded, 2 ** config.levels[0]!);
}

function cellsAt({ height, width }: MapSize, stride: number): number {
  return Math.ceil(height / stride) * Math.ceil(width / stride);
}

function emptyParts(): Record<DetectorPart, number> {
  return { backbone: 0, neck: 0, head: 0, classifier: 0 };
}
