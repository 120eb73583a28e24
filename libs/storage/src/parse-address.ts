import { fileURLToPath } from 'node:url';
import { invalidArgument } from '@cassl/errors';

/** A `file://` or `s3://` address taken apart. */
export type Address =
  | { readonly kind: 'file'; readonly path: string }
  /** `key` has no slash at either end and is empty for a whole bucket. */
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string };

const MAX_ADDRESS_BYTES = 4096;
const SHOWN_CHARACTERS = 200;

/**
 * Takes an address apart that came from outside. What a lenient parser would quietly resolve is refused: `.` and `..`
 * segments (also as `%2e`), other hosts, queries and fragments, control characters.
 * @param field the request's field, for messages
 * @throws INVALID_ARGUMENT that names the field and the value
 */
export function parseAddress(field: string, address: string): Address {
  const refuse = (reason: string): never => {
    throw invalidArgument(`${field} ${reason}, got ${shown(address)}`);
  };
  if (Buffer.byteLength(address) > MAX_ADDRESS_BYTES) {
    refuse(`must have at most ${MAX_ADDRESS_BYTES} bytes`);
  }
  const scheme = /^(file|s3):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined) return refuse('must be a file:// or s3:// address');
  if (/[\u0000-\u001f\u007f\\]/.test(address)) refuse('must not hold control characters or backslashes');
  return scheme === 'file' ? parseFile(address, refuse) : parseS3(address, refuse);
}

/** A text for messages: quoted, cut where it is long. */
export function shown(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  const rest = text.length > SHOWN_CHARACTERS ? ` (${text.length} characters)` : '';
  return JSON.stringify(cut) + rest;
}

type Refuse = (reason: string) => never;

function parseFile(address: string, refuse: Refuse): Address {
  if (/[?#]/.test(address)) refuse('must write "?" as %3F and "#" as %23');
  const [host = '', ...segments] = address.slice('file://'.length).split('/');
  if (host !== '' && host.toLowerCase() !== 'localhost') refuse('must not name a host: file:///folder/name');
  if (segments.length === 0) refuse('must name an absolute path: file:///folder/name');
  if (segments.some(isDots)) refuse('must not hold "." or ".." segments');
  if (/%00/.test(address)) refuse('must not hold control characters');
  try {
    return { kind: 'file', path: fileURLToPath(address) };
  } catch {
    return refuse('must be file:///absolute/path with %-escapes that are right');
  }
}

function parseS3(address: string, refuse: Refuse): Address {
  const [bucket = '', ...segments] = address.slice('s3://'.length).replace(/\/$/, '').split('/');
  if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i.test(bucket)) {
    refuse('must name a bucket: s3://bucket/prefix');
  }
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    refuse('must not hold "." or ".." segments');
  }
  if (segments.includes('')) refuse('must not hold "//"');
  return { kind: 's3', bucket, key: segments.join('/') };
}

function isDots(segment: string): boolean {
  return /^(\.|%2e){1,2}$/i.test(segment);
}
