import { CasslError } from '@cassl/errors';

/** Runs a reader; what it refuses is refused with the file's name before the reason. */
export async function namingFile<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CasslError) || error.message.startsWith(`${name}: `)) throw error;
    throw new CasslError(error.code, `${name}: ${error.message}`, {
      cause: error.cause,
      ...(error.details === undefined ? {} : { details: error.details }),
    });
  }
}
