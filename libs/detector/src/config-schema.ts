import { z } from 'zod';

export const BACKBONES = [
  'resnet-small',
  'resnet18',
  'resnet34',
  'resnet50',
  'resnet101',
  'swin-t',
  'swin-s',
  'swin-b',
  'swin-l',
  'swin-small',
] as const;

const count = z.number().int().positive();
const channels = z.number().int().positive().max(8192);
const fraction = z.number().min(0).max(1);
const triple = z.tuple([z.number(), z.number(), z.number()]);

/**
 * One flat description of a model. Defaults are CondInst on ResNet-50 as AdelaiDet trains it (method.md 2); what the
 * authors' entity code adds is off. Lengths are pixels of the network's input unless said otherwise.
 */
export const detectorConfigSchema = z.strictObject({
  /** Sigmoid channels of the classifier; 1 = class-agnostic (object or not). */
  classes: z.number().int().min(1).max(65535).default(1),
  /** CondInst masks; false is plain FCOS. */
  masks: z.boolean().default(true),

  // Input. ------------------------------------------------------------------------------------------------------
  /** Per channel of `channelOrder`, on a 0–255 scale. ImageNet's, which torchvision and Swin weights expect. */
  pixelMean: triple.default([123.675, 116.28, 103.53]),
  pixelStd: triple.default([58.395, 57.12, 57.375]),
  /** MSRA (detectron2) ResNets expect blue first. */
  channelOrder: z.enum(['rgb', 'bgr']).default('rgb'),
  /** Test-time: the short side becomes this … */
  resizeShortSide: count.default(800),
  /** … unless the long side would pass this. */
  resizeLongSide: count.default(1333),
  /** Inputs are padded right and bottom to a multiple of this; ×2 upsampling needs the coarsest pyramid input's stride. */
  sizeDivisor: count.default(32),

  // Backbone. ---------------------------------------------------------------------------------------------------
  backbone: z.enum(BACKBONES).default('resnet50'),
  /** Stages after the stem: 4 ends in C5, 3 in C4 (ResNet-18-C4 weights have no layer4). */
  backboneStages: z.number().int().min(2).max(4).default(4),
  /** `resnet-small` and `swin-small` only: output channels per stage (Swin: the first entry is E, then doubles). */
  backboneWidths: z.array(channels).min(2).max(4).optional(),
  /** `resnet-small` and `swin-small` only: blocks per stage. */
  backboneBlocks: z.array(count).min(2).max(4).optional(),
  /** Frozen: affine constants folded into the convolutions. Batch: live statistics. Group: for training from nothing. */
  backboneNorm: z.enum(['frozen-batch', 'batch', 'group']).default('frozen-batch'),
  /** Groups of the backbone's group norms. */
  backboneGroups: count.default(32),
  /** Where a bottleneck strides: torchvision v1.5 in its 3×3, MSRA (detectron2's default) in its first 1×1. */
  resnetStride: z.enum(['torchvision', 'msra']).default('torchvision'),
  /** Stages that are not trained: 0 none, 1 stem, 2 stem + stage 1 (detectron2's FREEZE_AT 2), … */
  frozenStages: z.number().int().min(0).max(5).default(0),
  /** Swin: tokens per window side. */
  window: count.default(7),
  /** `swin-small` only: attention heads of the first stage, doubled per stage. */
  attentionHeads: count.default(3),
  /** Swin: drop path rate of the last block, linear from 0 (detection: T, S 0.2; B 0.3). */
  dropPath: z.number().min(0).max(0.9).default(0.2),

  // Pyramid. ----------------------------------------------------------------------------------------------------
  /** Backbone outputs C_k that get a lateral convolution; the entity code also takes 2, which no head reads. */
  pyramidInputs: z.array(z.number().int().min(2).max(5)).min(1).default([3, 4, 5]),
  /** Pyramid levels P_k with a head, stride 2^k; those above the last input come from stride-2 convolutions. */
  levels: z.array(z.number().int().min(2).max(8)).min(1).default([3, 4, 5, 6, 7]),
  /** Upper ends of the levels' size ranges (max of l, t, r, b), one fewer than levels: the last one is unbounded. */
  rangeLimits: z.array(z.number().positive()).default([64, 128, 256, 512]),
  /** Channels of every pyramid level. */
  pyramidChannels: channels.default(256),

  // Heads. ------------------------------------------------------------------------------------------------------
  /** `retinanet`: anchors instead of points, no norms in the towers, no masks (method 2.10). */
  head: z.enum(['fcos', 'retinanet']).default('fcos'),
  /** RetinaNet: side of the smallest square anchor, in strides. */
  anchorScale: z.number().positive().default(4),
  /** Convolutions per tower (classification and box). */
  towerConvolutions: z.number().int().min(0).max(8).default(4),
  /** Groups of the towers' group norms; divides pyramidChannels. */
  towerGroups: count.default(32),
  /** The entity code gives box and centerness predictors no bias. */
  predictorBias: z.boolean().default(true),
  /** Start of the box predictor's bias, in strides; above 0 keeps ReLU boxes of a new tiny net from starting dead. */
  boxBias: z.number().min(0).default(0),
  /** Probability that an untrained classifier gives everywhere (focal loss's prior). */
  priorProbability: z.number().gt(0).lt(1).default(0.01),

  // Masks. ------------------------------------------------------------------------------------------------------
  /** Channels inside the mask branch. */
  maskChannels: channels.default(128),
  /** 3×3 blocks after the levels are summed. */
  maskConvolutions: z.number().int().min(0).max(8).default(4),
  /** Pyramid levels that the mask branch sums, from the finest of `levels`. */
  maskLevels: z.number().int().min(1).max(5).default(3),
  maskNorm: z.enum(['batch', 'group']).default('batch'),
  /** Groups of the mask branch's group norms. */
  maskGroups: count.default(32),
  /** Feature channels that the dynamic head reads, and its hidden width: 8 gives 169 parameters per instance. */
  dynamicChannels: channels.max(64).default(8),
  /** `coordinates`: the entity code's three extra convolutions over box tower and coordinate channels. */
  kernelHead: z.enum(['convolution', 'coordinates']).default('convolution'),
  /** The entity code's static 3×3 layers and its seven paths through dynamic and static layers. */
  kernelBank: z.boolean().default(false),
  /** Weight of the entity code's overlap suppression loss (0.5 there); 0 is off. */
  overlapWeight: z.number().min(0).default(0),

  // Training. ---------------------------------------------------------------------------------------------------
  /** Centre sampling: cells within this many strides of the centre are positive. */
  centerRadius: z.number().positive().default(1.5),
  focalAlpha: fraction.default(0.25),
  focalGamma: z.number().min(0).default(2),
  /** `iou`: AdelaiDet's quality variant, boxes unweighted and the quality target is the predicted box's IoU. */
  boxQuality: z.enum(['centerness', 'iou']).default('centerness'),
  /** Positives per batch that divide the losses: this batch's, or a moving average (start 100, momentum 0.9). */
  normaliser: z.enum(['batch', 'moving-average']).default('batch'),
  /** Positives per batch whose masks are trained, drawn at random (AdelaiDet MAX_PROPOSALS); memory's hot spot. */
  maxMaskInstances: count.default(500),
  /** The same cap per image, drawn first (the entity code takes 120 per image); absent = none. */
  maxMaskInstancesPerImage: count.optional(),
  /** Recompute backbone stages in the backward pass instead of keeping their activations. */
  recompute: z.boolean().default(false),

  // Inference (method 2.7). ---------------------------------------------------------------------------------------
  /** Candidates need a score above this … */
  scoreThreshold: fraction.default(0.05),
  /** … which is p (entity, torchvision), or p · centerness (AdelaiDet CondInst). */
  thresholdOn: z.enum(['class', 'product']).default('class'),
  candidatesPerLevel: count.default(1000),
  nmsThreshold: fraction.default(0.6),
  maxDetections: count.default(100),
  /** Mask pixels are those with a probability above this. */
  maskThreshold: fraction.default(0.5),
});

export type DetectorConfig = Readonly<z.output<typeof detectorConfigSchema>>;
export type DetectorConfigInput = z.input<typeof detectorConfigSchema>;
