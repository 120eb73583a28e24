import type { HostTensor } from '../host-tensor.ts';
import type { NameTable, Relayout } from './rule.ts';

/** AdelaiDet keeps a level's scale as a vector of one number, mmdetection as a scalar. */
const VECTOR_TO_SCALAR: Relayout = {
  apply: (tensor: HostTensor) => ({ ...tensor, shape: [] }),
  undo: (tensor: HostTensor) => ({ ...tensor, shape: [1] }),
  shapes: { theirs: [], ours: [1] },
};

/** AdelaiDet's names are ours: towers are flat sequences convolution, norm, activation. */
export const FCOS_ADELAIDET: NameTable = [
  ['cls_tower.{n}.*', 'cls_tower.{n}.*'],
  ['bbox_tower.{n}.*', 'bbox_tower.{n}.*'],
  ['share_tower.{n}.*', 'share_tower.{n}.*'],
  ['cls_logits.*', 'cls_logits.*'],
  ['bbox_pred.*', 'bbox_pred.*'],
  ['ctrness.*', 'ctrness.*'],
  ['scales.{i}.scale', 'scales.{i}.scale'],
];

export const FCOS_MMDET: NameTable = [
  ['cls_tower.{3n}.*', 'cls_convs.{n}.conv.*'],
  ['cls_tower.{3n+1}.*', 'cls_convs.{n}.gn.*'],
  ['bbox_tower.{3n}.*', 'reg_convs.{n}.conv.*'],
  ['bbox_tower.{3n+1}.*', 'reg_convs.{n}.gn.*'],
  ['cls_logits.*', 'conv_cls.*'],
  ['bbox_pred.*', 'conv_reg.*'],
  ['ctrness.*', 'conv_centerness.*'],
  ['scales.{i}.scale', 'scales.{i}.scale', VECTOR_TO_SCALAR],
];

/** mmdetection in 2020 and 2021. */
export const FCOS_MMDET_ALIASES: NameTable = [
  ['cls_logits.*', 'fcos_cls.*'],
  ['bbox_pred.*', 'fcos_reg.*'],
  ['ctrness.*', 'fcos_centerness.*'],
];

/** torchvision has no scales, and reads its cells at i·stride, without the half stride: see `exportNotes`. */
export const FCOS_TORCHVISION: NameTable = [
  ['cls_tower.{n}.*', 'classification_head.conv.{n}.*'],
  ['bbox_tower.{n}.*', 'regression_head.conv.{n}.*'],
  ['cls_logits.*', 'classification_head.cls_logits.*'],
  ['bbox_pred.*', 'regression_head.bbox_reg.*'],
  ['ctrness.*', 'regression_head.bbox_ctrness.*'],
];

/** RetinaNet's, of which ours are detectron2's; its anchors are in another order, so that its channels are too. */
export const RETINANET: NameTable = [
  ['cls_subnet.{n}.*', 'cls_subnet.{n}.*'],
  ['bbox_subnet.{n}.*', 'bbox_subnet.{n}.*'],
  ['cls_score.*', 'cls_score.*'],
  ['bbox_pred.*', 'bbox_pred.*'],
];

export const RETINANET_TORCHVISION: NameTable = [
  ['cls_subnet.{2n}.*', 'classification_head.conv.{n}.0.*'],
  ['bbox_subnet.{2n}.*', 'regression_head.conv.{n}.0.*'],
  ['cls_score.*', 'classification_head.cls_logits.*'],
  ['bbox_pred.*', 'regression_head.bbox_reg.*'],
];

export const RETINANET_MMDET: NameTable = [
  ['cls_subnet.{2n}.*', 'cls_convs.{n}.conv.*'],
  ['bbox_subnet.{2n}.*', 'reg_convs.{n}.conv.*'],
  ['cls_score.*', 'retina_cls.*'],
  ['bbox_pred.*', 'retina_reg.*'],
];

/** Names at the root of the model: the branch that makes kernels, and the mask branch. */
export const CONDINST_ADELAIDET: NameTable = [
  ['controller.*', 'controller.*'],
  ['controller.out_conv.*', 'controller.out_conv.*'],
  [
    'controller.kernel_head.kernel_head_head_{n}.weight',
    'controller.kernel_head.kernel_head_head_{n}.weight',
  ],
  [
    'controller.kernel_head.kernel_head_head_{n}.norm.*',
    'controller.kernel_head.kernel_head_head_{n}.norm.*',
  ],
  ['mask_head.stable.{n}.0.*', 'mask_head.stable.{n}.0.*'],
  ['mask_head.stable.{n}.*', 'mask_head.stable.{n}.*'],
  ['mask_branch.refine.{i}.0.weight', 'mask_branch.refine.{i}.0.weight'],
  ['mask_branch.refine.{i}.1.*', 'mask_branch.refine.{i}.1.*'],
  ['mask_branch.tower.{n}.0.weight', 'mask_branch.tower.{n}.0.weight'],
  ['mask_branch.tower.{n}.1.*', 'mask_branch.tower.{n}.1.*'],
  ['mask_branch.tower.{n}.*', 'mask_branch.tower.{n}.*'],
];

const MMDET_MASKS = 'mask_head.mask_feature_head';

/**
 * @param towerBlocks 3×3 blocks of the mask branch's tower: its last, 1×1 layer has a name of its own there
 * @param norm how its norms are called, which mmcv takes from their kind
 */
export const condInstMmdet = (towerBlocks: number, norm: 'bn' | 'gn'): NameTable => [
  ['controller.*', 'bbox_head.controller.*'],
  ['mask_branch.refine.{i}.0.weight', `${MMDET_MASKS}.convs_all_levels.{i}.conv{i}.conv.weight`],
  ['mask_branch.refine.{i}.1.*', `${MMDET_MASKS}.convs_all_levels.{i}.conv{i}.${norm}.*`],
  ['mask_branch.tower.{n}.0.weight', `${MMDET_MASKS}.conv_branch.{n}.conv.weight`],
  ['mask_branch.tower.{n}.1.*', `${MMDET_MASKS}.conv_branch.{n}.${norm}.*`],
  [`mask_branch.tower.${towerBlocks}.*`, `${MMDET_MASKS}.conv_pred.*`],
];
