/** Bytes [start, end). */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * One range of a `Range` header (RFC 9110, 14.2).
 * @returns `undefined` where the whole file is to be sent: no header, another unit, several ranges, or one that makes no
 *   sense; `unsatisfiable` for one beyond the end
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): Range | undefined | 'unsatisfiable' {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (found === null) return undefined;
  const [, first = '', last = ''] = found;
  if (first === '') return last === '' ? undefined : suffix(Number(last), sizeBytes);
  const start = Number(first);
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= sizeBytes ? 'unsatisfiable' : { start, end };
}

function suffix(length: number, sizeBytes: number): Range | 'unsatisfiable' {
  if (length === 0 || sizeBytes === 0) return 'unsatisfiable';
  return { start: Math.max(0, sizeBytes - length), end: sizeBytes };
}
