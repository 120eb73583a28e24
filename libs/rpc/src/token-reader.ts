import { readFileSync, statSync } from 'node:fs';
import type { ClientSecurity } from './security.ts';

/** Between two looks at the file. */
const LOOK_EVERY_MS = 2000;

/** Answers the token to send now; that of a file is read again when the file has changed, and a broken file keeps the last. */
export function tokenReader({ token, tokenFile }: ClientSecurity): () => string | undefined {
  if (tokenFile === undefined) return () => token;
  let known = token;
  let seen = '';
  let lookedAt = -Infinity;
  return () => {
    if (performance.now() - lookedAt < LOOK_EVERY_MS) return known;
    lookedAt = performance.now();
    try {
      const { mtimeMs, size, ino } = statSync(tokenFile);
      const stamp = `${ino}:${size}:${mtimeMs}`;
      if (stamp !== seen) known = readFileSync(tokenFile, 'utf8').trim() || known;
      seen = stamp;
    } catch {
      // Being replaced: the next look finds it.
    }
    return known;
  };
}
