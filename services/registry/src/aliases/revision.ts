import { createHash } from 'node:crypto';
import { canonicalFiles, type FileSet } from './file-set.ts';

/** What a revision stands for. */
export interface RevisionContent {
  readonly alias: string;
  readonly digest: string;
  readonly previous_digest: string;
  readonly reason: string;
  readonly changed_at: Date;
  readonly kind: string;
  readonly actor: string;
  /** Files beside the weights; absent where there are none. */
  readonly files?: FileSet | undefined;
}

/**
 * Names an alias's state after a change: 40 hex digits of a sha256 over the change and the revision before it, so that a
 * history that was rewritten no longer adds up. Forty, as Git clients and the Hugging Face Hub's expect.
 */
export function revisionOf(before: string, change: RevisionContent): string {
  const { alias, digest, previous_digest, reason, changed_at, kind, actor, files } = change;
  const content: unknown[] = [before, alias, digest, previous_digest, reason];
  content.push(changed_at.toISOString(), kind, actor);
  if (files !== undefined) content.push(canonicalFiles(files));
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 40);
}
