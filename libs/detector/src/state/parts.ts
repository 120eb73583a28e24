import { ANCHORS_PER_CELL } from '../targets/anchors.ts';
import { BACKBONE_PREFIX } from '../backbones/create-backbone.ts';

/** What CA-SSL transfers, from the inside out (method 1.8). */
export const DETECTOR_PARTS = ['backbone', 'neck', 'head', 'classifier'] as const;

export type DetectorPart = (typeof DETECTOR_PARTS)[number];

/** FCOS's and RetinaNet's. */
const CLASSIFIERS = ['proposal_generator.fcos_head.cls_logits.', 'head.cls_score.'];

/**
 * The part that a parameter belongs to: neck = FPN with its extra levels, classifier = the last classification
 * convolution, head = everything else after the neck, masks included.
 */
export function partOf(name: string): DetectorPart {
  if (name.startsWith(BACKBONE_PREFIX)) return 'backbone';
  if (name.startsWith('backbone.')) return 'neck';
  return CLASSIFIERS.some((prefix) => name.startsWith(prefix)) ? 'classifier' : 'head';
}

/** How many times a classifier has each class: once, or once for every anchor of a cell. */
export function classifierRepeats(name: string): number {
  return name.startsWith('head.') ? ANCHORS_PER_CELL : 1;
}
