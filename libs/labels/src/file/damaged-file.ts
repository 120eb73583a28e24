import { dataLoss, errorMessage, invalidArgument, type CasslError } from '@cassl/errors';

/** zlib's word for it. */
const NOT_GZIP = 'incorrect header check';

/** What zlib says of a label file, in words. */
export function damagedFile(name: string, cause: unknown): CasslError {
  if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
    return invalidArgument(`${name}: holds more bytes than a label file may have when it is unpacked`, {
      cause,
    });
  const reason = errorMessage(cause);
  const what = reason === NOT_GZIP ? 'is no gzip file' : `is cut off or damaged: ${reason}`;
  return dataLoss(`${name}: ${what}`, { cause });
}
