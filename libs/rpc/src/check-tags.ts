import { invalidArgument } from '@cassl/errors';

/** Each is a row, and rows are inserted together. */
const MAX_TAGS = 1_000;
/** They are searched by both: PostgreSQL's indexes hold rows of up to 2,704 bytes. */
const MAX_TAG_BYTES = 1_024;

/**
 * The bounds of a checkpoint's tags, for every service that takes some: who trains for hours learns of them at the start.
 * @param most how many there may be, @default 1,000
 * @throws INVALID_ARGUMENT that names the field, the tag and its bound
 */
export function checkTags(field: string, tags: Readonly<Record<string, string>>, most = MAX_TAGS): void {
  const entries = Object.entries(tags);
  if (entries.length > most) throw invalidArgument(`${field} must be at most ${most}, got ${entries.length}`);
  for (const [key, value] of entries) {
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (bytes <= MAX_TAG_BYTES) continue;
    const name = JSON.stringify(key.slice(0, 100));
    throw invalidArgument(
      `${field}[${name}] must be at most ${MAX_TAG_BYTES} bytes, key and value together, got ${bytes}`,
    );
  }
}
