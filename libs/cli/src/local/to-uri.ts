import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The address of what a command names: an address as it is, else a path of this machine. */
export function toUri(path: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path) ? path : pathToFileURL(resolve(path)).href;
}
