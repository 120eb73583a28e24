import { MERGING_TO_UNFOLD } from './merging-order.ts';
import type { NameTable } from './rule.ts';

/** What every release names alike inside a block, under the block's own prefix. */
function block(ours: string, theirs: string, attention: string, mlp: readonly [string, string]): NameTable {
  return [
    [`${ours}.norm1.*`, `${theirs}.norm1.*`],
    [`${ours}.norm2.*`, `${theirs}.norm2.*`],
    [`${ours}.attn.qkv.*`, `${theirs}.${attention}.qkv.*`],
    [`${ours}.attn.proj.*`, `${theirs}.${attention}.proj.*`],
    [`${ours}.attn.relative_position_bias_table`, `${theirs}.${attention}.relative_position_bias_table`],
    [`${ours}.mlp.fc1.*`, `${theirs}.${mlp[0]}.*`],
    [`${ours}.mlp.fc2.*`, `${theirs}.${mlp[1]}.*`],
  ];
}

const BLOCK = 'layers.{s}.blocks.{j}';

/** The four norms of a detection backbone's outputs; classification checkpoints lack them. */
const OUTPUT_NORMS: NameTable = [0, 1, 2, 3].map((stage) => [`norm${stage}.*`, `norm${stage}.*`] as const);

const MERGING = 'layers.{s}.downsample';

/** The official release's names are ours. */
export const SWIN_OFFICIAL: NameTable = [
  ['patch_embed.proj.*', 'patch_embed.proj.*'],
  ['patch_embed.norm.*', 'patch_embed.norm.*'],
  ...block(BLOCK, BLOCK, 'attn', ['mlp.fc1', 'mlp.fc2']),
  [`${MERGING}.norm.*`, `${MERGING}.norm.*`],
  [`${MERGING}.reduction.weight`, `${MERGING}.reduction.weight`],
  ...OUTPUT_NORMS,
];

/** timm (since 0.9) puts a merging at the start of the next stage, not at the end of its own. */
export const SWIN_TIMM: NameTable = [
  ['patch_embed.proj.*', 'patch_embed.proj.*'],
  ['patch_embed.norm.*', 'patch_embed.norm.*'],
  ...block(BLOCK, BLOCK, 'attn', ['mlp.fc1', 'mlp.fc2']),
  [`${MERGING}.norm.*`, 'layers.{s+1}.downsample.norm.*'],
  [`${MERGING}.reduction.weight`, 'layers.{s+1}.downsample.reduction.weight'],
];

/** One flat sequence: 0 is the patch embedding, odd entries are stages, even ones mergings. */
export const SWIN_TORCHVISION: NameTable = [
  ['patch_embed.proj.*', 'features.0.0.*'],
  ['patch_embed.norm.*', 'features.0.2.*'],
  ...block(BLOCK, 'features.{2s+1}.{j}', 'attn', ['mlp.0', 'mlp.3']),
  [`${MERGING}.norm.*`, 'features.{2s+2}.norm.*'],
  [`${MERGING}.reduction.weight`, 'features.{2s+2}.reduction.weight'],
];

/** mmdetection since 2021. */
export const SWIN_MMDET: NameTable = [
  ['patch_embed.proj.*', 'patch_embed.projection.*'],
  ['patch_embed.norm.*', 'patch_embed.norm.*'],
  ...block(BLOCK, 'stages.{s}.blocks.{j}', 'attn.w_msa', ['ffn.layers.0.0', 'ffn.layers.1']),
  [`${MERGING}.norm.*`, 'stages.{s}.downsample.norm.*', MERGING_TO_UNFOLD],
  [`${MERGING}.reduction.weight`, 'stages.{s}.downsample.reduction.weight', MERGING_TO_UNFOLD],
  ...OUTPUT_NORMS,
];

/** The Hugging Face Hub's names: query, key and value are tensors of their own. */
export const SWIN_TRANSFORMERS: NameTable = [
  ['patch_embed.proj.*', 'embeddings.patch_embeddings.projection.*'],
  ['patch_embed.norm.*', 'embeddings.norm.*'],
  ...block(BLOCK, 'encoder.layers.{s}.blocks.{j}', 'attention.self', [
    'intermediate.dense',
    'output.dense',
  ]).flatMap(([ours, theirs]): NameTable => {
    if (ours.includes('.attn.qkv.')) {
      return ['query', 'key', 'value'].map((part, index) => [
        ours,
        theirs.replace('.qkv.', `.${part}.`),
        { index, of: 3 },
      ]);
    }
    const spelled = theirs
      .replace('.norm1.', '.layernorm_before.')
      .replace('.norm2.', '.layernorm_after.')
      .replace('.self.proj.', '.output.dense.');
    return [[ours, spelled]];
  }),
  [`${MERGING}.norm.*`, 'encoder.layers.{s}.downsample.norm.*'],
  [`${MERGING}.reduction.weight`, 'encoder.layers.{s}.downsample.reduction.weight'],
];

/**
 * A classification model's one norm stands where the detection form has the last stage's. It is written, so that strict
 * loading finds it, and not read: detectors start with new output norms (method.md 3.2).
 */
export const swinFinalNorm = (theirs: string): NameTable => [['norm3.*', `${theirs}.*`]];
