import { copyFileSync, existsSync, mkdirSync, renameSync, unlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Where this user keeps a built addon for all clones: the folder's name says which libtorch, Node ABI and sources it is of. */
export function keptPath(built: string, { XDG_CACHE_HOME: cache }: NodeJS.ProcessEnv = process.env): string {
  const root = cache === undefined || cache === '' ? join(homedir(), '.cache') : cache;
  return join(root, 'cassl/engine-torch', basename(dirname(built)), basename(built));
}

/**
 * Copies a file so that whoever finds it finds all of it.
 * @returns whether it did: there may be nothing to copy, or no room and no right to keep it
 */
export function copyWhole(from: string, to: string): boolean {
  const part = `${to}.${process.pid}`;
  try {
    if (!existsSync(from)) return false;
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, part);
    renameSync(part, to);
    return true;
  } catch {
    if (existsSync(part)) unlinkSync(part);
    return false;
  }
}
