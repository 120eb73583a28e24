import { CasslError, invalidArgument } from '@cassl/errors';
import type { GetOptions } from './object-store.ts';

/**
 * Fills a range's defaults.
 * @throws OUT_OF_RANGE unless 0 <= start <= end <= size
 */
export function checkRange(
  key: string,
  sizeBytes: number,
  options: GetOptions,
): { start: number; end: number } {
  const { start = 0, end = sizeBytes } = options;
  const isInside = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && end <= sizeBytes;
  if (!isInside || start > end) {
    throw new CasslError(
      'OUT_OF_RANGE',
      `range [${start}, ${end}) is outside object ${key} of ${sizeBytes} bytes`,
    );
  }
  return { start, end };
}

/** @throws INVALID_ARGUMENT where more would be read than `maxBytes` */
export function checkLength(key: string, lengthBytes: number, { maxBytes = Infinity }: GetOptions): void {
  if (lengthBytes <= maxBytes) return;
  throw invalidArgument(`object ${key} has ${lengthBytes} bytes, at most ${maxBytes} are read`);
}
