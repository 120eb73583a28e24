import { describe, expect, it } from 'vitest';
import {
  exportWeights,
  float32Tensor,
  importWeights,
  toFloat32,
  type Framework,
  type Scope,
  type StateDict,
} from '../index.ts';
import { fcosState, fpnState, joined, maskState, resnetState, swinState } from './random-models.fixture.ts';

const ones = (...shape: number[]): StateDict extends Map<string, infer T> ? T : never =>
  float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1));

function nameOf(
  ours: string,
  framework: Framework,
  scope: Scope = 'detector',
  levels = [3, 4, 5],
): string | undefined {
  const body = ours.includes('.layers.') || ours.includes('patch_embed') ? swinState() : resnetState();
  const state = joined(body, fpnState(levels), fcosState(), maskState());
  return exportWeights(state, framework, scope).report.renamed.find(({ from }) => from === ours)?.to;
}

const BODY = 'backbone.bottom_up.';
const HEAD = 'proposal_generator.fcos_head.';

describe('exportWeights', () => {
  it.each<[string, Framework, Scope, string | undefined]>([
    [`${BODY}conv1.weight`, 'torchvision', 'detector', 'backbone.body.conv1.weight'],
    [`${BODY}conv1.weight`, 'torchvision', 'backbone', 'conv1.weight'],
    [`${BODY}conv1.weight`, 'msra', 'backbone', 'conv1_w'],
    [`${BODY}bn1.running_var`, 'adelaidet', 'detector', `${BODY}stem.conv1.norm.running_var`],
    [`${BODY}bn1.running_var`, 'msra', 'backbone', 'res_conv1_bn_running_var'],
    [`${BODY}layer1.0.conv2.weight`, 'detectron2', 'backbone', 'res2.0.conv2.weight'],
    [`${BODY}layer4.2.bn3.bias`, 'detectron2', 'detector', `${BODY}res5.2.conv3.norm.bias`],
    [`${BODY}layer4.2.bn3.bias`, 'msra', 'backbone', 'res5_2_branch2c_bn_beta'],
    [`${BODY}layer4.2.bn3.bias`, 'mmdet', 'detector', 'backbone.layer4.2.bn3.bias'],
    [`${BODY}layer2.0.downsample.1.weight`, 'adelaidet', 'detector', `${BODY}res3.0.shortcut.norm.weight`],
    [`${BODY}layer2.0.downsample.0.weight`, 'msra', 'backbone', 'res3_0_branch1_w'],
    [`${BODY}patch_embed.proj.bias`, 'mmdet', 'detector', 'backbone.patch_embed.projection.bias'],
    [`${BODY}patch_embed.norm.bias`, 'torchvision', 'backbone', 'features.0.2.bias'],
    [`${BODY}layers.2.blocks.5.attn.qkv.weight`, 'torchvision', 'backbone', 'features.5.5.attn.qkv.weight'],
    [`${BODY}layers.2.blocks.5.mlp.fc2.bias`, 'torchvision', 'backbone', 'features.5.5.mlp.3.bias'],
    [`${BODY}layers.2.blocks.5.mlp.fc2.bias`, 'mmdet', 'backbone', 'stages.2.blocks.5.ffn.layers.1.bias'],
    [
      `${BODY}layers.0.blocks.1.attn.proj.bias`,
      'mmdet',
      'backbone',
      'stages.0.blocks.1.attn.w_msa.proj.bias',
    ],
    [`${BODY}layers.0.downsample.norm.weight`, 'torchvision', 'backbone', 'features.2.norm.weight'],
    [`${BODY}layers.0.downsample.norm.weight`, 'timm', 'backbone', 'layers.1.downsample.norm.weight'],
    [`${BODY}layers.0.downsample.norm.weight`, 'swin', 'backbone', 'layers.0.downsample.norm.weight'],
    ['backbone.fpn_lateral4.bias', 'torchvision', 'detector', 'backbone.fpn.inner_blocks.1.0.bias'],
    ['backbone.fpn_output5.weight', 'mmdet', 'detector', 'neck.fpn_convs.2.conv.weight'],
    ['backbone.top_block.p6.weight', 'mmdet', 'detector', 'neck.fpn_convs.3.conv.weight'],
    ['backbone.top_block.p7.weight', 'torchvision', 'detector', 'backbone.fpn.extra_blocks.p7.weight'],
    [`${HEAD}cls_tower.7.weight`, 'mmdet', 'detector', 'bbox_head.cls_convs.2.gn.weight'],
    [`${HEAD}bbox_tower.9.bias`, 'mmdet', 'detector', 'bbox_head.reg_convs.3.conv.bias'],
    [`${HEAD}bbox_tower.9.bias`, 'torchvision', 'detector', 'head.regression_head.conv.9.bias'],
    [`${HEAD}ctrness.bias`, 'torchvision', 'detector', 'head.regression_head.bbox_ctrness.bias'],
    [`${HEAD}ctrness.bias`, 'entity', 'detector', 'det_head.fcos_head.ctrness.bias'],
    [`${HEAD}cls_logits.bias`, 'detectron2', 'detector', undefined],
    ['controller.weight', 'mmdet', 'detector', 'bbox_head.controller.weight'],
    [
      'mask_branch.refine.2.1.running_mean',
      'mmdet',
      'detector',
      'mask_head.mask_feature_head.convs_all_levels.2.conv2.bn.running_mean',
    ],
    ['mask_branch.tower.4.bias', 'mmdet', 'detector', 'mask_head.mask_feature_head.conv_pred.bias'],
  ])('names %s for %s (%s) %s', (ours, framework, scope, theirs) => {
    expect(nameOf(ours, framework, scope)).toBe(theirs);
  });

  it('counts pyramid levels from the first one that the model uses', () => {
    const levels = [2, 3, 4, 5];
    expect(nameOf('backbone.fpn_lateral3.bias', 'mmdet', 'detector', levels)).toBe(
      'neck.lateral_convs.1.conv.bias',
    );
    expect(nameOf('backbone.top_block.p6.bias', 'mmdet', 'detector', levels)).toBe(
      'neck.fpn_convs.4.conv.bias',
    );
  });

  it('counts them from the first one that the other model uses, where that is said', () => {
    const state = joined(resnetState(), fpnState(), fcosState());
    const names = (framework: Framework) =>
      [...exportWeights(state, framework, 'detector', 2).tensors.keys()].filter(
        (name) => /fpn|neck|head/.test(name) && name.endsWith('bias'),
      );
    const numbers = [1, 2, 3];
    expect(names('torchvision').sort()).toEqual([
      ...numbers.map((n) => `backbone.fpn.inner_blocks.${n}.0.bias`),
      ...numbers.map((n) => `backbone.fpn.layer_blocks.${n}.0.bias`),
    ]);
    expect(names('mmdet')).toEqual(
      expect.arrayContaining(numbers.map((n) => `neck.lateral_convs.${n}.conv.bias`)),
    );
    expect(names('mmdet')).not.toContain('neck.lateral_convs.0.conv.bias');
  });

  it('adds the counters and index buffers that strict loading asks for, only where they exist', () => {
    const added = (framework: Framework): readonly string[] =>
      exportWeights(resnetState(), framework, 'backbone').report.added;
    expect(added('torchvision')).toHaveLength(53);
    expect(added('torchvision')[0]).toBe('bn1.num_batches_tracked');
    expect(added('detectron2')).toEqual([]);
    const swin = exportWeights(swinState(), 'torchvision', 'backbone').tensors;
    expect(swin.get('features.1.0.attn.relative_position_index')).toMatchObject({
      dtype: 'I64',
      shape: [81],
    });
    const masks = exportWeights(joined(resnetState(), maskState()), 'adelaidet').report.added;
    expect(masks).toHaveLength(7);
    expect(masks.every((name) => name.startsWith('mask_branch.'))).toBe(true);
  });

  it('leaves out what a torchvision Mask R-CNN does not have: extra levels and the FCOS head', () => {
    const state = joined(resnetState(), fpnState([2, 3, 4, 5]), fcosState());
    const { tensors } = exportWeights(state, 'torchvision');
    expect(tensors.has('backbone.fpn.inner_blocks.0.0.weight')).toBe(true);
    expect([...tensors.keys()].filter((name) => /extra_blocks|^head/.test(name))).toEqual([]);
  });

  it('says what it leaves out and why', () => {
    const { report } = exportWeights(swinState(), 'torchvision', 'backbone');
    expect(report.skipped.map(({ name }) => name)).toContain(`${BODY}norm0.weight`);
    expect(report.skipped[0]!.reason).toBe('no such tensor in the name table of torchvision');
  });

  it('permutes the joined channels of a patch merging into the order of nn.Unfold', () => {
    const table = float32Tensor([1, 8], new Float32Array([0, 1, 10, 11, 20, 21, 30, 31]));
    const name = `${BODY}layers.0.downsample.reduction.weight`;
    const { tensors } = exportWeights(new Map([[name, table]]), 'mmdet', 'backbone');
    // Pixels 0, 2, 1, 3 (reading order) of channel 0, then of channel 1.
    expect([...toFloat32(tensors.get('stages.0.downsample.reduction.weight')!)]).toEqual([
      0, 20, 10, 30, 1, 21, 11, 31,
    ]);
  });

  it('refuses tensors that are not ours', () => {
    expect(() => exportWeights(new Map([['x', ones(1)]]), 'mmdet')).toThrow(
      'none of the 1 tensors has a name in mmdet',
    );
  });
});

describe('importWeights', () => {
  it('skips classifiers, counters and buffers, each with its reason', () => {
    const { tensors, report, framework } = importWeights(
      new Map([
        ['conv1.weight', ones(4, 3, 7, 7)],
        ['bn1.num_batches_tracked', ones()],
        ['fc.weight', ones(10, 4)],
        ['extra', ones(1)],
      ]),
    );
    expect([...tensors.keys()]).toEqual([`${BODY}conv1.weight`]);
    expect(framework).toBe('torchvision');
    expect(report.skipped).toEqual([
      { name: 'bn1.num_batches_tracked', reason: 'a counter, not a weight' },
      { name: 'fc.weight', reason: 'the ImageNet classifier' },
      { name: 'extra', reason: 'no such tensor in the name table of torchvision' },
    ]);
  });

  it('reads old spellings: torchvision before 0.13, mmdetection of 2020, DataParallel', () => {
    const names = (state: StateDict): string[] => [...importWeights(state).tensors.keys()];
    expect(
      names(
        new Map([
          ['backbone.body.conv1.weight', ones(1)],
          ['backbone.fpn.inner_blocks.0.weight', ones(1)],
          ['backbone.fpn.layer_blocks.0.bias', ones(1)],
        ]),
      ),
    ).toEqual([`${BODY}conv1.weight`, 'backbone.fpn_lateral3.weight', 'backbone.fpn_output3.bias']);
    expect(names(new Map([['bbox_head.fcos_cls.bias', ones(1)]]))).toEqual([`${HEAD}cls_logits.bias`]);
    expect(names(new Map([['module.layer1.0.conv1.weight', ones(1)]]))).toEqual([
      `${BODY}layer1.0.conv1.weight`,
    ]);
  });

  it('turns the folded norms of Detectron1 into identity statistics', () => {
    const { tensors, report } = importWeights(
      new Map([
        ['conv1_w', ones(4, 3, 7, 7)],
        ['res_conv1_bn_s', ones(4)],
        ['res_conv1_bn_b', ones(4)],
        ['fc1000_w', ones(10, 4)],
      ]),
    );
    expect(report.added).toEqual([`${BODY}bn1.running_mean`, `${BODY}bn1.running_var`]);
    expect(toFloat32(tensors.get(`${BODY}bn1.running_var`)!)[0]).toBe(Math.fround(1 - 1e-5));
    expect(report.skipped).toEqual([{ name: 'fc1000_w', reason: 'the ImageNet classifier' }]);
  });

  it('refuses a checkpoint of another kind of network', () => {
    const state = new Map([['encoder.layer.0.attention.weight', ones(1)]]);
    expect(() => importWeights(state)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('encoder.layer.0.attention.weight') as string,
      }),
    );
    expect(() => importWeights(new Map())).toThrow('none');
  });

  it('refuses two tensors that would become one', () => {
    const state = new Map([
      ['bbox_head.fcos_cls.bias', ones(1)],
      ['bbox_head.conv_cls.bias', ones(1)],
    ]);
    expect(() => importWeights(state)).toThrow(
      `two tensors of the checkpoint are both ${HEAD}cls_logits.bias`,
    );
  });
});
