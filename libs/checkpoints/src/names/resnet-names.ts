import type { NameTable } from './rule.ts';

/** torchvision's names are ours; timm and mmdetection use them too. */
export const RESNET_TORCHVISION: NameTable = [
  ['conv1.weight', 'conv1.weight'],
  ['bn1.*', 'bn1.*'],
  ['layer{k}.{j}.conv{c}.weight', 'layer{k}.{j}.conv{c}.weight'],
  ['layer{k}.{j}.bn{c}.*', 'layer{k}.{j}.bn{c}.*'],
  ['layer{k}.{j}.downsample.0.weight', 'layer{k}.{j}.downsample.0.weight'],
  ['layer{k}.{j}.downsample.1.*', 'layer{k}.{j}.downsample.1.*'],
];

/** A norm belongs to its convolution, and stages count from the stem: layer1 is res2. */
export const RESNET_DETECTRON2: NameTable = [
  ['conv1.weight', 'stem.conv1.weight'],
  ['bn1.*', 'stem.conv1.norm.*'],
  ['layer{k}.{j}.conv{c}.weight', 'res{k+1}.{j}.conv{c}.weight'],
  ['layer{k}.{j}.bn{c}.*', 'res{k+1}.{j}.conv{c}.norm.*'],
  ['layer{k}.{j}.downsample.0.weight', 'res{k+1}.{j}.shortcut.weight'],
  ['layer{k}.{j}.downsample.1.*', 'res{k+1}.{j}.shortcut.norm.*'],
];

/** The Hugging Face Hub's names, under which transformers keeps files: convolutions of a block count from 0. */
export const RESNET_TRANSFORMERS: NameTable = [
  ['conv1.weight', 'embedder.embedder.convolution.weight'],
  ['bn1.*', 'embedder.embedder.normalization.*'],
  ...[1, 2, 3, 4].flatMap((stage) =>
    [1, 2, 3].flatMap((c): NameTable => [
      [
        `layer${stage}.{j}.conv${c}.weight`,
        `encoder.stages.${stage - 1}.layers.{j}.layer.${c - 1}.convolution.weight`,
      ],
      [`layer${stage}.{j}.bn${c}.*`, `encoder.stages.${stage - 1}.layers.{j}.layer.${c - 1}.normalization.*`],
    ]),
  ),
  ...[1, 2, 3, 4].flatMap((stage): NameTable => [
    [
      `layer${stage}.{j}.downsample.0.weight`,
      `encoder.stages.${stage - 1}.layers.{j}.shortcut.convolution.weight`,
    ],
    [`layer${stage}.{j}.downsample.1.*`, `encoder.stages.${stage - 1}.layers.{j}.shortcut.normalization.*`],
  ]),
];

/** Each batch norm of ours, and its stem in Caffe2's names. */
const CAFFE2_NORMS = [
  ['bn1', 'res_conv1_bn'],
  ['layer{k}.{j}.bn1', 'res{k+1}_{j}_branch2a_bn'],
  ['layer{k}.{j}.bn2', 'res{k+1}_{j}_branch2b_bn'],
  ['layer{k}.{j}.bn3', 'res{k+1}_{j}_branch2c_bn'],
  ['layer{k}.{j}.downsample.1', 'res{k+1}_{j}_branch1_bn'],
] as const;

function normTable(...suffixes: (readonly [ours: string, theirs: string])[]): NameTable {
  return CAFFE2_NORMS.flatMap(([ours, theirs]) =>
    suffixes.map(([our, their]) => [`${ours}.${our}`, `${theirs}_${their}`] as const),
  );
}

/** Caffe2's names, in which detectron2 publishes MSRA's ResNet-50 (R-50.pkl). */
export const RESNET_MSRA: NameTable = [
  ['conv1.weight', 'conv1_w'],
  ['layer{k}.{j}.conv1.weight', 'res{k+1}_{j}_branch2a_w'],
  ['layer{k}.{j}.conv2.weight', 'res{k+1}_{j}_branch2b_w'],
  ['layer{k}.{j}.conv3.weight', 'res{k+1}_{j}_branch2c_w'],
  ['layer{k}.{j}.downsample.0.weight', 'res{k+1}_{j}_branch1_w'],
  ...normTable(
    ['weight', 'gamma'],
    ['bias', 'beta'],
    ['running_mean', 'running_mean'],
    ['running_var', 'running_var'],
  ),
];

/** Detectron1's spellings: `_s`, `_b` of a norm already folded to a scale and a shift, `_rm`, `_riv` of statistics. */
export const RESNET_MSRA_ALIASES: NameTable = normTable(
  ['weight', 's'],
  ['bias', 'b'],
  ['running_mean', 'rm'],
  ['running_var', 'riv'],
);
