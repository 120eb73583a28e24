import * as tf from '@tensorflow/tfjs-core';
import type { Backbone, ForwardContext } from './backbones/backbone.ts';
import { createBackbone } from './backbones/create-backbone.ts';
import type { DetectorConfig } from './config.ts';
import { type Controller, createController } from './heads/controller.ts';
import { createFcosHead, type FcosHead } from './heads/fcos-head.ts';
import { createRetinaNetHead, type RetinaNetHead } from './heads/retinanet-head.ts';
import { createKernelBank, type KernelBank } from './heads/kernel-bank.ts';
import { createMaskBranch, type MaskBranch } from './heads/mask-branch.ts';
import { createFeaturePyramid, type FeaturePyramid } from './neck/feature-pyramid.ts';
import type { ParameterStore } from './parameters.ts';

export interface MaskParts {
  readonly controller: Controller;
  readonly branch: MaskBranch;
  readonly bank: KernelBank | undefined;
}

/** The parts of a detector, in the order in which an image passes them. */
export interface Model {
  readonly backbone: Backbone;
  readonly neck: FeaturePyramid;
  readonly head: FcosHead | RetinaNetHead;
  readonly masks: MaskParts | undefined;
  /** Normalised images [B, H, W, 3] → one map per level. */
  pyramid(images: tf.Tensor4D, context: ForwardContext): tf.Tensor4D[];
}

export function createModel(store: ParameterStore, config: DetectorConfig): Model {
  const backbone = createBackbone(store, config);
  const neck = createFeaturePyramid(store, config, backbone.stages);
  const head = config.head === 'fcos' ? createFcosHead(store, config) : createRetinaNetHead(store, config);
  const masks = config.masks ? createMaskParts(store, config) : undefined;
  return {
    backbone,
    neck,
    head,
    masks,
    pyramid: (images, context) => tf.tidy(() => neck.forward(backbone.forward(images, context))),
  };
}

function createMaskParts(store: ParameterStore, config: DetectorConfig): MaskParts {
  return {
    controller: createController(store, config),
    branch: createMaskBranch(store, config),
    bank: config.kernelBank ? createKernelBank(store, config) : undefined,
  };
}
