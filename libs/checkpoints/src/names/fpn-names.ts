import type { NameTable } from './rule.ts';

/** The pyramid's extent, which mmdetection's and torchvision's running numbers depend on. */
export interface PyramidExtent {
  /** k of the finest backbone output C_k with a lateral: 3 for FCOS, CondInst and RetinaNet, 2 for Mask R-CNN. */
  readonly firstLevel: number;
  /** How many outputs have one. */
  readonly laterals: number;
}

/** detectron2's names are ours. Its RetinaNet makes P6 from C5 and not from P5, so that P6 and P7 are not ours. */
export const FPN_DETECTRON2: NameTable = [
  ['fpn_lateral{k}.*', 'fpn_lateral{k}.*'],
  ['fpn_output{k}.*', 'fpn_output{k}.*'],
];

export const FPN_ADELAIDET: NameTable = [...FPN_DETECTRON2, ['top_block.p{p}.*', 'top_block.p{p}.*']];

/** Numbers count from the first level; the extra levels go on counting among the output convolutions. */
export function fpnMmdet({ firstLevel, laterals }: PyramidExtent): NameTable {
  const firstExtra = firstLevel + laterals;
  return [
    ...levels(firstLevel, laterals).flatMap(([level, n]): NameTable => [
      [`fpn_lateral${level}.*`, `lateral_convs.${n}.conv.*`],
      [`fpn_output${level}.*`, `fpn_convs.${n}.conv.*`],
    ]),
    ...[0, 1].map((n) => [`top_block.p${firstExtra + n}.*`, `fpn_convs.${laterals + n}.conv.*`] as const),
  ];
}

export function fpnTorchvision({ firstLevel, laterals }: PyramidExtent): NameTable {
  return [
    ...levels(firstLevel, laterals).flatMap(([level, n]): NameTable => [
      [`fpn_lateral${level}.*`, `inner_blocks.${n}.0.*`],
      [`fpn_output${level}.*`, `layer_blocks.${n}.0.*`],
    ]),
    // From C2 up it is a Mask R-CNN's, whose P6 is a max-pooling.
    ...(firstLevel > 2 ? [['top_block.p{p}.*', 'extra_blocks.p{p}.*'] as const] : []),
  ];
}

/** torchvision before 0.13 had no sequence around each convolution. */
export function fpnTorchvisionBefore013({ firstLevel, laterals }: PyramidExtent): NameTable {
  return levels(firstLevel, laterals).flatMap(([level, n]): NameTable => [
    [`fpn_lateral${level}.*`, `inner_blocks.${n}.*`],
    [`fpn_output${level}.*`, `layer_blocks.${n}.*`],
  ]);
}

function levels(firstLevel: number, laterals: number): [level: number, n: number][] {
  return Array.from({ length: laterals }, (_, n) => [firstLevel + n, n]);
}
