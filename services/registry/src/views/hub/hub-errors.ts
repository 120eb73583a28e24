import { CasslError } from '@cassl/errors';

/** The Hub's clients tell errors apart by these words in `X-Error-Code`. */
export type HubErrorCode = 'RepoNotFound' | 'RevisionNotFound' | 'EntryNotFound' | 'GatedRepo';

export function hubNotFound(code: HubErrorCode, message: string, revision?: string): CasslError {
  return new CasslError('NOT_FOUND', message, { details: { hubCode: code, revision } });
}
