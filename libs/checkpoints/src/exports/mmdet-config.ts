import type { InputConvention } from '../names/input-convention.ts';
import type { BackboneFacts } from '../names/describe-backbone.ts';
import { architectureOf } from './architecture.ts';
import type { DetectorFacts } from './detector-facts.ts';
import type { Config } from './config.ts';

/** mmdetection 3's `backbone` setting. */
export function mmdetBackbone(backbone: BackboneFacts): Config | undefined {
  const architecture = architectureOf(backbone);
  if (backbone.kind === 'swin') {
    return {
      type: 'SwinTransformer',
      embed_dims: backbone.embedding,
      depths: backbone.blocks,
      num_heads: backbone.heads,
      window_size: backbone.window,
      mlp_ratio: 4,
      qkv_bias: true,
      drop_path_rate: 0.2,
      out_indices: backbone.blocks.map((_, stage) => stage),
    };
  }
  if (architecture?.kind !== 'resnet') return undefined;
  return {
    type: 'ResNet',
    depth: architecture.depth,
    num_stages: 4,
    out_indices: [0, 1, 2, 3],
    norm_cfg: { type: 'BN', requires_grad: true },
    norm_eval: true,
    style: 'pytorch',
  };
}

/** The whole model, with the settings under which mmdetection computes what ours does. */
export function mmdetDetector(
  backbone: BackboneFacts,
  detector: DetectorFacts,
  input: InputConvention,
): Config | undefined {
  const backboneConfig = mmdetBackbone(backbone);
  if (backboneConfig === undefined) return undefined;
  const { masks } = detector;
  return {
    type: masks === undefined ? 'FCOS' : 'CondInst',
    data_preprocessor: {
      type: 'DetDataPreprocessor',
      mean: input.mean,
      std: input.std,
      bgr_to_rgb: input.order === 'rgb',
      pad_size_divisor: 32,
      ...(masks === undefined ? {} : { pad_mask: true }),
    },
    backbone: backboneConfig,
    neck: neck(backbone, detector),
    bbox_head: boxHead(detector),
    ...(masks === undefined ? {} : { mask_head: maskHead(detector) }),
    test_cfg: {
      nms_pre: 1000,
      min_bbox_size: 0,
      score_thr: 0.05,
      nms: { type: 'nms', iou_threshold: 0.6 },
      max_per_img: 100,
      ...(masks === undefined ? {} : { mask_thr: 0.5 }),
    },
  };
}

function neck(backbone: BackboneFacts, { firstLevel, levels, pyramidChannels }: DetectorFacts): Config {
  const channels =
    backbone.kind === 'swin'
      ? backbone.blocks.map((_, stage) => backbone.embedding * 2 ** stage)
      : backbone.widths.slice(1);
  return {
    type: 'FPN',
    in_channels: channels,
    out_channels: pyramidChannels,
    start_level: firstLevel - 2,
    add_extra_convs: 'on_output',
    num_outs: levels + 3 - firstLevel,
    relu_before_extra_convs: true,
  };
}

function boxHead({ classes, levels, pyramidChannels, towerConvolutions, masks }: DetectorFacts): Config {
  return {
    type: masks === undefined ? 'FCOSHead' : 'CondInstBboxHead',
    ...(masks === undefined ? {} : { num_params: masks.kernelParameters }),
    num_classes: classes,
    in_channels: pyramidChannels,
    feat_channels: pyramidChannels,
    stacked_convs: towerConvolutions,
    strides: Array.from({ length: levels }, (_, level) => 8 * 2 ** level),
    // With mmdetection's own defaults eight tower biases are dropped and the boxes differ, without a word.
    conv_bias: true,
    centerness_on_reg: true,
    norm_on_bbox: true,
    center_sampling: true,
    dcn_on_last_conv: false,
  };
}

function maskHead({ pyramidChannels, maskTowerBlocks, maskNorm, masks }: DetectorFacts): Config {
  const norm =
    maskNorm === 'bn'
      ? { type: 'BN', requires_grad: true }
      : { type: 'GN', num_groups: 32, requires_grad: true };
  return {
    type: 'CondInstMaskHead',
    num_layers: 3,
    feat_channels: masks?.featureChannels ?? 8,
    size_of_interest: 8,
    mask_out_stride: 4,
    max_masks_to_train: 300,
    mask_feature_head: {
      in_channels: pyramidChannels,
      feat_channels: masks?.channels ?? 128,
      start_level: 0,
      end_level: (masks?.levels ?? 3) - 1,
      out_channels: masks?.featureChannels ?? 8,
      mask_stride: 8,
      num_stacked_convs: maskTowerBlocks,
      norm_cfg: norm,
    },
    loss_mask: { type: 'DiceLoss', use_sigmoid: true, activate: true, eps: 5e-6, loss_weight: 1 },
  };
}
