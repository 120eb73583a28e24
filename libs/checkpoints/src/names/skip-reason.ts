const REASONS: readonly (readonly [RegExp, string, framework?: string])[] = [
  [/top_block\.p[67]\./, 'detectron2’s RetinaNet makes P6 from C5; ours comes from P5', 'detectron2'],
  [/(^|\.)(num_batches_tracked|n_averaged|num_updates|decay|initted|step)$/, 'a counter, not a weight'],
  [/_momentum$/, 'the optimizer’s, not a weight'],
  [
    /(relative_position_index|attn_mask|relative_coords_table)$/,
    'a buffer that follows from the window size',
  ],
  [/(^|\.)(pixel_mean|pixel_std)$/, 'the input normalisation, kept in the config'],
  [/^mask_head\.(sizes_of_interest|_iter)$/, 'a constant buffer'],
  [/^(fc|head|norm|layernorm|classifier(\.1)?)\.(fc\.)?(weight|bias)$|^fc1000_/, 'the ImageNet classifier'],
  [
    /^(rpn|roi_heads|sem_seg_head|rpn_head|roi_head|proposal_generator\.rpn_head)\./,
    'a head of another kind of detector',
  ],
];

/** Why a tensor without a line in the name table is left out. */
export function skipReason(name: string, framework: string): string {
  const known = REASONS.find(([pattern, , of]) => pattern.test(name) && (of ?? framework) === framework);
  return known === undefined ? `no such tensor in the name table of ${framework}` : known[1];
}
