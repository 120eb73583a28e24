import { invalidArgument, type CasslError } from '@cassl/errors';

/** Every way a safetensors file can be bad; carried in the error's `details.fault`. */
export type SafetensorsFault =
  | 'FILE_TOO_SHORT'
  | 'HEADER_TOO_LARGE'
  | 'HEADER_BEYOND_FILE'
  | 'HEADER_NOT_UTF8'
  | 'HEADER_NOT_JSON'
  | 'DUPLICATE_NAME'
  | 'METADATA_NOT_STRINGS'
  | 'ENTRY_MALFORMED'
  | 'UNKNOWN_DTYPE'
  | 'BAD_SHAPE'
  | 'BAD_OFFSETS'
  | 'SIZE_OVERFLOW'
  | 'NOT_WHOLE_BYTES'
  | 'SIZE_MISMATCH'
  | 'OVERLAP'
  | 'HOLE'
  | 'TRUNCATED'
  | 'TRAILING_BYTES';

/** INVALID_ARGUMENT whose message says what is wrong and with which numbers. */
export function safetensorsError(fault: SafetensorsFault, message: string, cause?: unknown): CasslError {
  return invalidArgument(`not a valid safetensors file: ${message}`, { details: { fault }, cause });
}
