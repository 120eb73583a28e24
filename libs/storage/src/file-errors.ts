import { CasslError, errorMessage, isCasslError, type ErrorCode } from '@cassl/errors';

/** FAILED_PRECONDITION: whoever runs the service must mend it first, and nobody should try again before. */
const FILE_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['RESOURCE_EXHAUSTED', 'no space left'],
  EDQUOT: ['RESOURCE_EXHAUSTED', 'the quota is used up'],
  EFBIG: ['RESOURCE_EXHAUSTED', 'the file system takes no file of that size'],
  EMFILE: ['RESOURCE_EXHAUSTED', 'too many files are open'],
  ENFILE: ['RESOURCE_EXHAUSTED', 'too many files are open'],
  EACCES: ['FAILED_PRECONDITION', 'the service has no right to'],
  EPERM: ['FAILED_PRECONDITION', 'the service has no right to'],
  EROFS: ['FAILED_PRECONDITION', 'the file system is read-only'],
  ENOTDIR: ['FAILED_PRECONDITION', 'a part of the path is a file'],
  EEXIST: ['FAILED_PRECONDITION', 'a part of the path is a file'],
  EISDIR: ['FAILED_PRECONDITION', 'a folder has its name'],
  ENOENT: ['FAILED_PRECONDITION', 'no folder can be made there'],
  ELOOP: ['FAILED_PRECONDITION', 'its links go in circles'],
  ENAMETOOLONG: ['FAILED_PRECONDITION', 'the name is too long for the file system'],
  EIO: ['UNAVAILABLE', 'the disk failed'],
  ESTALE: ['UNAVAILABLE', 'the mount is gone'],
};

/** Gives a file system's error our status and says why. Ours, aborts and strangers pass through. */
export function translateFileError(error: unknown, action: string): unknown {
  const known = FILE_ERRORS[errnoOf(error) ?? ''];
  if (known === undefined) return error;
  const [code, reason] = known;
  return new CasslError(code, `cannot ${action}: ${reason} (${errorMessage(error)})`, { cause: error });
}

/** Nothing of that name is there. */
export function isMissing(error: unknown): boolean {
  if (isCasslError(error)) return error.code === 'NOT_FOUND';
  return hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR');
}

export function hasErrno(error: unknown, errno: string): boolean {
  return errnoOf(error) === errno;
}

function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || isCasslError(error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
