import type { DetectorConfig } from './config.ts';
import type { Parameter } from './parameters.ts';
import type { MapSize } from './pyramid.ts';

/** What one weight costs for one image. */
export interface LayerCost {
  readonly multiplyAdds: number;
  /** Numbers that its backward pass needs. */
  readonly kept: number;
}

export interface CountedModel {
  readonly config: DetectorConfig;
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Size of the padded input. */
  readonly input: MapSize;
}

const FREE: LayerCost = { multiplyAdds: 0, kept: 0 };

/**
 * Convolutions keep what they write, which the next layer reads; Swin's linear layers and layer norms keep what they read,
 * its GELU what it reads too, and attention q, k, v and its weights. A live norm keeps one map more than its convolution.
 */
export function layerCost(parameter: Parameter, model: CountedModel): LayerCost {
  const { name, shape, trainable = true } = parameter;
  const cost = fullCost(parameter, model);
  const isGain = shape.length === 1 && name.endsWith('.weight');
  return { multiplyAdds: isGain ? 0 : cost.multiplyAdds, kept: trainable ? cost.kept : 0 };
}

function fullCost(parameter: Parameter, model: CountedModel): LayerCost {
  const { config, input } = model;
  const { name, shape } = parameter;
  const weights = shape.reduce((product, side) => product * side, 1);
  // The controller is read at single cells.
  if (/^controller\.(out_conv\.)?weight$/.test(name)) {
    return { multiplyAdds: weights * config.maxDetections, kept: shape[0]! * trainedMasks(config) };
  }
  // The static bank is used in training alone, once per mask: see `dynamicHeadCost`.
  if (name.startsWith('mask_head.stable.')) return FREE;
  if (isUnread(name, config)) return FREE;
  if (name.endsWith('.relative_position_bias_table')) return attentionCost(parameter, model);
  const strides = parameter.appliedAt ?? [normedStride(parameter, model)].filter((stride) => stride > 0);
  const cells = name.endsWith('.attn.qkv.weight')
    ? paddedTokens(strides[0]!, model)
    : strides.reduce((sum, stride) => sum + cellsAt(input, stride), 0);
  return { multiplyAdds: weights * cells, kept: keptPerCell(parameter, config) * cells };
}

/** Entity models carry pyramid convolutions for P2, which no head reads and nothing computes. */
function isUnread(name: string, { levels }: DetectorConfig): boolean {
  const level = /^backbone\.fpn_(?:lateral|output)(\d)\./.exec(name)?.[1];
  return level !== undefined && Number(level) < levels[0]!;
}

function keptPerCell({ name, shape }: Parameter, { backbone }: DetectorConfig): number {
  // The sum of the refined levels is a map of its own.
  if (/^mask_branch\.tower\.0\.(0\.)?weight$/.test(name)) return shape[0]! + shape[1]!;
  const isSwin = backbone.startsWith('swin') && name.startsWith('backbone.bottom_up.');
  if (!isSwin || shape.length === 1) return shape[0]!;
  const read = shape.slice(1).reduce((product, side) => product * side, 1);
  return name.endsWith('.mlp.fc1.weight') ? read + shape[0]! : read;
}

/** Stride of the map that a norm without a place of its own stands on, which is that of the layer beside it; 0 for what is no norm. */
function normedStride({ name, shape }: Parameter, { parameters }: CountedModel): number {
  if (shape.length !== 1 || !name.endsWith('.weight')) return 0;
  const beside = name
    .replace(/\.bn(\d)\.weight$/, '.conv$1.weight')
    .replace(/(downsample|refine\.\d+|tower\.\d+)\.1\.weight$/, '$1.0.weight')
    .replace(/\.norm1\.weight$/, '.attn.proj.weight')
    .replace(/\.norm2\.weight$/, '.mlp.fc1.weight')
    .replace(/downsample\.norm\.weight$/, 'downsample.reduction.weight')
    .replace(/patch_embed\.norm\.weight$/, 'patch_embed.proj.weight')
    .replace(/bottom_up\.norm(\d)\.weight$/, 'bottom_up.layers.$1.blocks.0.attn.proj.weight');
  return parameters.get(beside)?.appliedAt?.[0] ?? 0;
}

/** q·kᵀ and ·v of one Swin block: every token against its window, twice. */
function attentionCost(table: Parameter, model: CountedModel): LayerCost {
  const projection = model.parameters.get(table.name.replace('relative_position_bias_table', 'proj.weight'))!;
  const tokens = paddedTokens(projection.appliedAt![0]!, model);
  const [channels, heads] = [projection.shape[0]!, table.shape[1]!];
  const area = model.config.window ** 2;
  return { multiplyAdds: 2 * tokens * area * channels, kept: tokens * (3 * channels + area * heads) };
}

/** Tokens of a map at `stride`, padded until windows divide it. */
function paddedTokens(stride: number, { config: { window }, input }: CountedModel): number {
  const up = (side: number): number => Math.ceil(Math.ceil(side / stride) / window) * window;
  return up(input.height) * up(input.width);
}

/**
 * The dynamic head: multiply-adds of a full set of detections; kept, for as many masks as training takes, the hidden maps,
 * and probability and truth at half the stride. With the entity code's bank also each mask's input and its seven paths.
 */
export function dynamicHeadCost({ config, input }: CountedModel): LayerCost {
  if (!config.masks) return FREE;
  const d = config.dynamicChannels;
  const cells = cellsAt(input, 2 ** config.levels[0]!);
  const keptPerMask = config.kernelBank ? d + 2 + (2 + 4) * d + (7 + 1) * 4 : 2 * d + 2 * 4;
  return {
    multiplyAdds: ((d + 2) * d + d * d + d) * config.maxDetections * cells,
    kept: keptPerMask * trainedMasks(config) * cells,
  };
}

function trainedMasks({ maxMaskInstances, maxMaskInstancesPerImage = Infinity }: DetectorConfig): number {
  return Math.min(maxMaskInstances, maxMaskInstancesPerImage);
}

function cellsAt({ height, width }: MapSize, stride: number): number {
  return Math.ceil(height / stride) * Math.ceil(width / stride);
}
