import { invalidArgument } from '@cassl/errors';

/** @throws INVALID_ARGUMENT for a negative one */
export function milliseconds(field: string, { seconds, nanos }: { seconds: number; nanos: number }): number {
  const result = seconds * 1_000 + nanos / 1e6;
  if (result >= 0) return result;
  throw invalidArgument(`${field} must not be negative, got ${result} ms`);
}
