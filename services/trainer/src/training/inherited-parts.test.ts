import { partOf } from '@cassl/detector';
import { TrainingSpec } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { isInherited, toDetectorParts } from './inherited-parts.ts';

describe('what a training inherits', () => {
  const NAMES = ['backbone.bottom_up.conv1.weight', 'proposal_generator.fcos_head.cls_logits.weight'];
  it.each<[string, object, string[]]>([
    ['nothing without a checkpoint', {}, []],
    ['everything by default', { checkpoint: 'a' }, ['backbone', 'classifier']],
    ['the parts that are named', { checkpoint: 'a', parts: ['MODEL_PART_BACKBONE'] }, ['backbone']],
    [
      'no classifier that shall be random',
      { checkpoint: 'a', classifier: 'CLASSIFIER_INITIALIZATION_RANDOM' },
      ['backbone'],
    ],
  ])('is %s', (_, initialization, parts) => {
    const inherits = isInherited(TrainingSpec.fromPartial({ initialization }));
    expect(NAMES.filter(inherits).map((name) => partOf(name))).toEqual(parts);
  });

  it('knows every part by its name in the contract', () => {
    const all = [
      'MODEL_PART_BACKBONE',
      'MODEL_PART_NECK',
      'MODEL_PART_HEAD',
      'MODEL_PART_CLASSIFIER',
    ] as const;
    expect(toDetectorParts(all)).toEqual(['backbone', 'neck', 'head', 'classifier']);
  });
});
