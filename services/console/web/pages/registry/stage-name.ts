import type { Stage } from '@cassl/proto';

const NAMES = new Map<string, string>(
  Object.entries({
    STAGE_LABELER: 'pseudo labeler',
    STAGE_WARMUP: 'warmup',
    STAGE_FINETUNE: 'finetuning',
  }),
);

/** Which stage of the method made a checkpoint, in words. */
export function stageName(stage: Stage | undefined): string {
  return NAMES.get(stage ?? '') ?? 'imported';
}
