import { BACKBONE_PREFIX } from '../backbones/create-backbone.ts';

/** What CA-SSL transfers, from the inside out (method 1.8). */
export const DETECTOR_PARTS = ['backbone', 'neck', 'head', 'classifier'] as const;

export type DetectorPart = (typeof DETECTOR_PARTS)[number];

export const CLASSIFIER_PREFIX = 'proposal_generator.fcos_head.cls_logits.';

/**
 * The part that a parameter belongs to: neck = FPN with its extra levels, classifier = the last classification
 * convolution, head = everything else after the neck, masks included.
 */
export function partOf(name: string): DetectorPart {
  if (name.startsWith(BACKBONE_PREFIX)) return 'backbone';
  if (name.startsWith('backbone.')) return 'neck';
  return name.startsWith(CLASSIFIER_PREFIX) ? 'classifier' : 'head';
}
