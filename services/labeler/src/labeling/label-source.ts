import type { LabelSource, Teacher as LabelTeacher } from '@cassl/labels';
import type { LabelingShard, Teacher } from '@cassl/proto';
import { roundScore } from './labeling-spec.ts';

/** What decides the labels of a job, of its shards as of its label set: labels of an equal source are the same labels. */
export function labelSource(
  wanted: Pick<
    LabelingShard,
    'checkpointDigest' | 'teacher' | 'threshold' | 'nonOverlap' | 'maxDetections' | 'classSpecific'
  >,
): Omit<LabelSource, 'manifest'> {
  const { checkpointDigest, teacher, threshold, nonOverlap, maxDetections, classSpecific } = wanted;
  return {
    teacher: describeTeacher(teacher, checkpointDigest),
    options: { nonOverlap, maxDetections, ...(classSpecific ? { classSpecific } : {}) },
    scoreFloor: roundScore(threshold),
  };
}

function describeTeacher(teacher: Teacher | undefined, digest: string): LabelTeacher {
  const { prompts = [], licence = '' } = teacher ?? {};
  const kinds = { onnx: 'onnx', endpoint: 'open-inference' } as const;
  const kind = teacher?.source === undefined ? 'checkpoint' : kinds[teacher.source.$case];
  return { digest: withAlgorithm(digest), kind, prompts, licence };
}

function withAlgorithm(digest: string): string {
  return digest.startsWith('sha256:') ? digest : `sha256:${digest}`;
}
