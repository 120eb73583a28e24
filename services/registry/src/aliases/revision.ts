import { createHash } from 'node:crypto';

/** What a revision stands for. */
export interface RevisionContent {
  readonly alias: string;
  readonly digest: string;
  readonly previous_digest: string;
  readonly reason: string;
  readonly changed_at: Date;
  readonly kind: string;
  readonly actor: string;
}

/**
 * Names an alias's state after a change: 40 hex digits of a sha256 over the change and the revision before it, so that a
 * history that was rewritten no longer adds up. Forty, as Git clients and the Hugging Face Hub's expect.
 */
export function revisionOf(before: string, change: RevisionContent): string {
  const { alias, digest, previous_digest, reason, changed_at, kind, actor } = change;
  const content = [before, alias, digest, previous_digest, reason, changed_at.toISOString(), kind, actor];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 40);
}
