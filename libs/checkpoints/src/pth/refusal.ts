import { invalidArgument, type CasslError } from '@cassl/errors';

/** INVALID_ARGUMENT for a file that is damaged, or that asks for more than tensors. */
export function pthError(message: string, cause?: unknown): CasslError {
  return invalidArgument(`not a readable PyTorch checkpoint: ${message}`, { cause });
}
