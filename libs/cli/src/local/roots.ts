import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PLACES_VARIABLE, type Use } from '@cassl/storage';

/** Folders (paths) and `file://` or `s3://` addresses that the services of this machine may open for requests. */
export interface Roots {
  /** To read. */
  readonly data: readonly string[];
  /** To write, and to read again. */
  readonly output: readonly string[];
}

/**
 * The settings that let services open these places: `roots`, what the environment of this process allows already, and the
 * made scenes and results in `home` itself.
 */
export function rootsEnvironment(
  home: string,
  roots: Roots = { data: [], output: [] },
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const listOf = (use: Use, places: readonly string[]): string => {
    const given = env[PLACES_VARIABLE[use]] ?? '';
    return [...(given === '' ? [] : [given]), ...places.map(toAddress)].join(',');
  };
  return {
    [PLACES_VARIABLE.read]: listOf('read', [join(home, 'data'), ...roots.data]),
    [PLACES_VARIABLE.write]: listOf('write', [join(home, 'output'), ...roots.output]),
  };
}

/** As an address, commas escaped, so that it stays one entry of a list. */
function toAddress(place: string): string {
  const isAddress = /^[a-z0-9]+:\/\//i.test(place);
  return isAddress ? place : pathToFileURL(resolve(place)).href.replaceAll(',', '%2C');
}
