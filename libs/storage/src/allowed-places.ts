import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CasslError } from '@cassl/errors';
import { parseAddress, type Address } from './parse-address.ts';

/** What an address is wanted for. What may be written may be read too. */
export type Use = 'read' | 'write';

/** The environment variables that name the places, separated by commas: absolute folders, `file://` or `s3://` addresses. */
export const PLACES_VARIABLE: Readonly<Record<Use, string>> = {
  read: 'CASSL_DATA_ROOTS',
  write: 'CASSL_OUTPUT_ROOTS',
};

/** Folders and buckets (or prefixes of them) that requests may name. */
export type AllowedPlaces = readonly Address[];

/**
 * From here on this process, its threads and its children open no address of a request outside `CASSL_DATA_ROOTS` and
 * `CASSL_OUTPUT_ROOTS`; a variable that is not set allows nothing. Services and their workers call it before anything else.
 * A command that a person runs on their own files does not, and stays unlimited.
 */
export function limitAddresses(env: NodeJS.ProcessEnv = process.env): void {
  // In the environment, because threads and child processes inherit it and nothing else.
  for (const use of ['read', 'write'] as const) env[PLACES_VARIABLE[use]] ??= '';
  for (const use of ['read', 'write'] as const) allowedPlaces(use, env);
}

/**
 * The places that may be used so; `undefined` for everywhere.
 * @throws INVALID_ARGUMENT that names the variable and the entry that is not an address
 */
export function allowedPlaces(use: Use, env: NodeJS.ProcessEnv = process.env): AllowedPlaces | undefined {
  const outputs = env[PLACES_VARIABLE.write];
  const data = env[PLACES_VARIABLE.read];
  if (outputs === undefined && data === undefined) return undefined;
  const written = parsePlaces('write', outputs ?? '');
  return use === 'write' ? written : [...parsePlaces('read', data ?? ''), ...written];
}

/** The addresses of the places that may be written; none where nothing is limited, because then they are not known. */
export function writablePlaces(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  return (allowedPlaces('write', env) ?? []).map(addressOf);
}

function addressOf(place: Address): string {
  if (place.kind === 'file') return pathToFileURL(place.path).href;
  return place.key === '' ? `s3://${place.bucket}` : `s3://${place.bucket}/${place.key}`;
}

/** Whether an address is one of the other's folder, or that folder. @throws INVALID_ARGUMENT for what is no address */
export function isAddressIn(folder: string, address: string): boolean {
  return contains(parseAddress('folder', folder), parseAddress('address', address));
}

const parsed = new Map<string, AllowedPlaces>();

function parsePlaces(use: Use, list: string): AllowedPlaces {
  const known = parsed.get(list);
  if (known !== undefined) return known;
  const places = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) =>
      entry.startsWith('/')
        ? { kind: 'file' as const, path: resolve(entry) }
        : parseAddress(PLACES_VARIABLE[use], entry),
    );
  parsed.set(list, places);
  return places;
}

/**
 * Compares the address with the places, without a look at the disk: what lies outside gets the same answer whether it
 * exists or not.
 * @throws PERMISSION_DENIED
 */
export function checkAllowed(field: string, address: Address, use: Use): void {
  const places = allowedPlaces(use);
  if (places === undefined || places.some((place) => contains(place, address))) return;
  const verb = use === 'read' ? 'read' : 'write to';
  throw new CasslError(
    'PERMISSION_DENIED',
    `${field} is outside the folders and buckets that this service may ${verb} (${PLACES_VARIABLE[use]}, on one machine \`cassl up --${use === 'read' ? 'data' : 'output'} DIR\`)`,
  );
}

function contains(place: Address, address: Address): boolean {
  if (place.kind === 'file') return address.kind === 'file' && isInside(place.path, resolve(address.path));
  if (address.kind !== 's3' || place.bucket !== address.bucket) return false;
  return place.key === '' || address.key === place.key || address.key.startsWith(`${place.key}/`);
}

/** True where a path with all links followed is still in one of the places. */
export async function isReallyAllowed(realPath: string, use: Use): Promise<boolean> {
  const places = allowedPlaces(use);
  if (places === undefined) return true;
  for (const place of places) {
    if (place.kind === 'file' && isInside(await resolveLinks(place.path), realPath)) return true;
  }
  return false;
}

/** The path with links followed, also where its last parts do not exist yet. */
export async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (parent === path) throw error;
    return join(await resolveLinks(parent), basename(path));
  }
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
