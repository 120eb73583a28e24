import { notFound } from '@cassl/errors';
import type { LabelSet } from '../set/open-label-set.ts';
import type { LabelSetDraft } from './draft.ts';

/**
 * The set without everything that one teacher labeled: its sources and all their label files. What is left has the
 * digest of a set that never held them.
 * @throws NOT_FOUND where the teacher labeled nothing of it, naming those that did.
 */
export function removeTeacher(set: LabelSet, teacherDigest: string): LabelSetDraft {
  const { sources } = set.header;
  const kept = sources.filter(({ teacher }) => teacher.digest !== teacherDigest);
  if (kept.length === sources.length) {
    const known = sources.map(({ teacher }) => teacher.digest).join(', ');
    throw notFound(
      `label set ${set.digest} holds nothing of the teacher ${teacherDigest}; its teachers are ${known}`,
    );
  }
  const moved = new Map(kept.map((source, index) => [sources.indexOf(source), index]));
  return {
    header: { ...set.header, sources: kept },
    async *files() {
      for await (const file of set.files()) {
        const source = moved.get(file.source);
        if (source !== undefined) yield { ...file, source };
      }
    },
  };
}
