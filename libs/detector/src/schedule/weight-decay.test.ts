import { describe, expect, it } from 'vitest';
import { weightDecayFor } from './weight-decay.ts';

describe('weightDecayFor', () => {
  it.each([
    'backbone.bottom_up.bn1.weight',
    'backbone.bottom_up.layer2.0.bn2.bias',
    'backbone.bottom_up.layer2.0.downsample.1.weight',
    'backbone.bottom_up.layers.0.blocks.1.norm2.weight',
    'backbone.bottom_up.layers.0.downsample.norm.bias',
    'backbone.bottom_up.patch_embed.norm.weight',
    'backbone.bottom_up.norm3.weight',
    'backbone.bottom_up.layers.2.blocks.1.attn.relative_position_bias_table',
    'proposal_generator.fcos_head.cls_tower.1.weight',
    'proposal_generator.fcos_head.bbox_tower.10.bias',
    'mask_branch.refine.0.1.weight',
    'mask_branch.tower.3.1.bias',
    'controller.kernel_head.kernel_head_head_2.norm.weight',
  ])('spares %s', (name) => {
    expect(weightDecayFor(name, 0.05)).toBe(0);
  });

  it.each([
    'backbone.bottom_up.conv1.weight',
    'backbone.bottom_up.layer2.0.downsample.0.weight',
    'backbone.bottom_up.layers.0.blocks.1.attn.qkv.bias',
    'backbone.bottom_up.layers.0.downsample.reduction.weight',
    'backbone.fpn_lateral3.bias',
    'proposal_generator.fcos_head.cls_tower.0.bias',
    'proposal_generator.fcos_head.bbox_tower.9.weight',
    'proposal_generator.fcos_head.scales.1.scale',
    'mask_branch.refine.0.0.weight',
    'mask_branch.tower.4.bias',
    'mask_branch.tower.1.weight',
    'controller.weight',
  ])('decays %s', (name) => {
    expect(weightDecayFor(name, 0.05)).toBe(0.05);
  });
});
