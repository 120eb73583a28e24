import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The `file://` address of a path; an address stays as it is. */
export function addressOf(pathOrAddress: string): string {
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(pathOrAddress);
  return isAddress ? pathOrAddress : pathToFileURL(resolve(pathOrAddress)).href;
}
