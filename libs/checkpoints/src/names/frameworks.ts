import {
  FPN_ADELAIDET,
  FPN_DETECTRON2,
  fpnMmdet,
  fpnTorchvision,
  fpnTorchvisionBefore013,
} from './fpn-names.ts';
import {
  CONDINST_ADELAIDET,
  condInstMmdet,
  FCOS_ADELAIDET,
  FCOS_MMDET,
  FCOS_MMDET_ALIASES,
  FCOS_TORCHVISION,
  RETINANET,
  RETINANET_MMDET,
  RETINANET_TORCHVISION,
} from './head-names.ts';
import type { ModelExtent } from './model-extent.ts';
import {
  RESNET_DETECTRON2,
  RESNET_MSRA,
  RESNET_MSRA_ALIASES,
  RESNET_TORCHVISION,
  RESNET_TRANSFORMERS,
} from './resnet-names.ts';
import { aliases, rules, written, type NameRule } from './rule.ts';
import {
  SWIN_MMDET,
  SWIN_OFFICIAL,
  SWIN_TIMM,
  SWIN_TORCHVISION,
  SWIN_TRANSFORMERS,
  swinFinalNorm,
} from './swin-names.ts';

/**
 * Whose names a file uses. `entity` is the CA-SSL authors' code, `swin` the official Swin release, `msra` Caffe2's names
 * of the MSRA ResNets that detectron2 publishes. Where two agree on a file, the first in this list is reported.
 */
export const FRAMEWORKS = [
  'torchvision',
  'timm',
  'transformers',
  'swin',
  'adelaidet',
  'entity',
  'detectron2',
  'mmdet',
  'msra',
  'cassl',
] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** A whole detector, or a backbone alone under the names that classification models use. */
export type Scope = 'detector' | 'backbone';

/** Our prefixes: see method.md 3.3. */
export const BODY = 'backbone.bottom_up.';
const NECK = 'backbone.';
const HEAD = 'proposal_generator.fcos_head.';
const ANCHOR_HEAD = 'head.';

/** timm, transformers, the official Swin and MSRA have backbones only. */
export function defaultScope(framework: Framework): Scope {
  return detectorRules(framework, { firstLevel: 3, laterals: 0, maskTowerBlocks: 0, maskNorm: 'bn' }).length >
    0
    ? 'detector'
    : 'backbone';
}

/** The name table of a framework: the first rule that fits a name counts. Empty for a scope that it does not have. */
export function nameRules(framework: Framework, scope: Scope, extent: ModelExtent): NameRule[] {
  return scope === 'detector' ? detectorRules(framework, extent) : backboneRules(framework, '');
}

function backboneRules(framework: Framework, prefix: string): NameRule[] {
  switch (framework) {
    case 'cassl':
      return [...rules(RESNET_TORCHVISION, BODY, prefix), ...rules(SWIN_OFFICIAL, BODY, prefix)];
    case 'adelaidet':
    case 'entity':
    case 'detectron2':
      return [...rules(RESNET_DETECTRON2, BODY, prefix), ...rules(SWIN_OFFICIAL, BODY, prefix)];
    case 'mmdet':
      return [
        ...rules(RESNET_TORCHVISION, BODY, prefix),
        ...rules(SWIN_MMDET, BODY, prefix),
        // The Swin authors' fork of mmdetection keeps the official names.
        ...aliases(SWIN_OFFICIAL, BODY, prefix),
      ];
    case 'torchvision':
      return [
        ...rules(RESNET_TORCHVISION, BODY, prefix),
        ...rules(SWIN_TORCHVISION, BODY, prefix),
        ...written(swinFinalNorm('norm'), BODY, prefix),
      ];
    case 'timm':
      return [
        ...rules(RESNET_TORCHVISION, BODY, prefix),
        ...rules(SWIN_TIMM, BODY, prefix),
        ...written(swinFinalNorm('norm'), BODY, prefix),
      ];
    case 'transformers':
      return [
        ...rules(RESNET_TRANSFORMERS, BODY, prefix),
        ...rules(SWIN_TRANSFORMERS, BODY, prefix),
        ...written(swinFinalNorm('layernorm'), BODY, prefix),
      ];
    case 'swin':
      return rules(SWIN_OFFICIAL, BODY, prefix);
    case 'msra':
      return [...rules(RESNET_MSRA, BODY, prefix), ...aliases(RESNET_MSRA_ALIASES, BODY, prefix)];
  }
}

function detectorRules(framework: Framework, extent: ModelExtent): NameRule[] {
  switch (framework) {
    case 'cassl':
    case 'adelaidet':
    case 'entity':
      return [
        ...backboneRules(framework, BODY),
        ...rules(FPN_ADELAIDET, NECK, NECK),
        ...rules(FCOS_ADELAIDET, HEAD, framework === 'entity' ? 'det_head.fcos_head.' : HEAD),
        ...rules(CONDINST_ADELAIDET, '', ''),
        ...(framework === 'cassl' ? rules(RETINANET, ANCHOR_HEAD, ANCHOR_HEAD) : []),
      ];
    case 'detectron2':
      return [...backboneRules(framework, BODY), ...rules(FPN_DETECTRON2, NECK, NECK)];
    case 'mmdet':
      return [
        ...backboneRules(framework, 'backbone.'),
        ...rules(fpnMmdet(extent), NECK, 'neck.'),
        ...rules(FCOS_MMDET, HEAD, 'bbox_head.'),
        ...aliases(FCOS_MMDET_ALIASES, HEAD, 'bbox_head.'),
        // Read, these names are FCOS's.
        ...written(RETINANET_MMDET, ANCHOR_HEAD, 'bbox_head.'),
        ...rules(condInstMmdet(extent.maskTowerBlocks, extent.maskNorm), '', ''),
      ];
    case 'torchvision':
      return [
        ...backboneRules(framework, 'backbone.body.'),
        ...rules(fpnTorchvision(extent), NECK, 'backbone.fpn.'),
        ...aliases(fpnTorchvisionBefore013(extent), NECK, 'backbone.fpn.'),
        // FCOS and RetinaNet have our heads; a pyramid from C2 up is a Mask R-CNN's.
        ...(extent.firstLevel > 2 ? rules(FCOS_TORCHVISION, HEAD, 'head.') : []),
        ...(extent.firstLevel > 2 ? written(RETINANET_TORCHVISION, ANCHOR_HEAD, 'head.') : []),
      ];
    case 'timm':
    case 'transformers':
    case 'swin':
    case 'msra':
      return [];
  }
}
