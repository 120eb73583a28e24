import { partOf, type DetectorPart } from '@cassl/detector';
import { ClassifierInitialization, ModelPart, type TrainingSpec } from '@cassl/proto';

const PARTS: Readonly<Partial<Record<ModelPart, DetectorPart>>> = {
  [ModelPart.MODEL_PART_BACKBONE]: 'backbone',
  [ModelPart.MODEL_PART_NECK]: 'neck',
  [ModelPart.MODEL_PART_HEAD]: 'head',
  [ModelPart.MODEL_PART_CLASSIFIER]: 'classifier',
};

/** The parts that a request names; empty means all. */
export function toDetectorParts(parts: readonly ModelPart[]): readonly DetectorPart[] {
  return parts.flatMap((part) => PARTS[part] ?? []);
}

/**
 * Whether a parameter starts from `Initialization.checkpoint`: by its part alone, so that a resumed training, which loads its own
 * weights, comes to the same answer.
 */
export function isInherited({ initialization }: TrainingSpec): (name: string) => boolean {
  if (initialization === undefined || initialization.checkpoint === '') return () => false;
  const named = toDetectorParts(initialization.parts);
  const isRandom = initialization.classifier === ClassifierInitialization.CLASSIFIER_INITIALIZATION_RANDOM;
  return (name) => {
    const part = partOf(name);
    if (part === 'classifier' && isRandom) return false;
    return named.length === 0 || named.includes(part);
  };
}
