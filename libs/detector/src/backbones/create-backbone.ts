import type { DetectorConfig } from '../config.ts';
import type { ParameterStore } from '../parameters.ts';
import type { Backbone } from './backbone.ts';
import { createResNet } from './resnet.ts';
import { createSwin } from './swin.ts';

/** Every name below it starts with this, as in detectron2 and AdelaiDet. */
export const BACKBONE_PREFIX = 'backbone.bottom_up.';

export function createBackbone(store: ParameterStore, config: DetectorConfig): Backbone {
  if (config.backbone.startsWith('resnet')) return createResNet(store, BACKBONE_PREFIX, config);
  return createSwin(store, BACKBONE_PREFIX, config);
}
