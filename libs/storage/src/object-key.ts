import { invalidArgument } from '@cassl/errors';

/** S3's own limit, kept for folders too so that a store can be copied between the two. */
const MAX_KEY_BYTES = 1024;
/** Characters of a key in a message. */
const SHOWN = 200;

/** Where a folder store keeps unfinished puts; never listed, and never a valid key. */
export const INCOMING = '.incoming';

/**
 * Refuses keys that mean different things to different stores or that leave the store's folder.
 * @returns the key itself
 * @throws INVALID_ARGUMENT
 */
export function checkKey(key: string): string {
  const reason = keyFault(key);
  if (reason !== undefined) throw invalidArgument(`object key ${shown(key)} ${reason}`);
  return key;
}

/** Why no store takes a key; undefined where all do. */
export function keyFault(key: string): string | undefined {
  if (key === '') return 'must not be empty';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    return `must be at most ${MAX_KEY_BYTES} bytes long, got ${Buffer.byteLength(key)}`;
  if (/[\u0000-\u001f\\]/.test(key)) return 'must not hold control characters or backslashes';
  const parts = key.split('/');
  if (parts.includes('')) return 'must not start or end with "/" or hold "//"';
  if (parts.some((part) => part === '.' || part === '..')) return 'must not hold "." or ".." segments';
  if (parts[0] === INCOMING) return `must not start with ${INCOMING}/`;
  return undefined;
}

function shown(key: string): string {
  return JSON.stringify(key.length > SHOWN ? `${key.slice(0, SHOWN)}…` : key);
}
