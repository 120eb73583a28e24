import type { DetectorConfig } from '../config.ts';
import type { ParameterStore } from '../parameters.ts';
import type { Backbone } from './backbone.ts';
import { createResNet } from './resnet.ts';
import { createSwin } from './swin.ts';

/** Every name below it starts with this, as in detectron2 and AdelaiDet. */
export const BACKBONE_PREFIX = 'backbone.bottom_up.';

export function createBackbone(store: ParameterStore, config: DetectorConfig): Backbone {
  const create = config.backbone.startsWith('swin') ? createSwin : createResNet;
  return create(store, BACKBONE_PREFIX, config);
}
