import { randomUUID } from 'node:crypto';
import { CasslError, errorCode, errorMessage, invalidArgument } from '@cassl/errors';
import { checkAllowed } from './allowed-places.ts';
import { folderOfAddress } from './folder-address.ts';
import { openRequestedStore } from './open-store.ts';
import { parseAddress, shown } from './parse-address.ts';
import { readBytes } from './read-bytes.ts';
import { followLinks } from './regular-file.ts';
import { withinTime } from './within-time.ts';

export interface ReadAddressOptions {
  /** The request's field, for messages. */
  readonly field: string;
  /** INVALID_ARGUMENT for a longer object, of which not a byte is read then. */
  readonly maxBytes: number;
  /** UNAVAILABLE after so long. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of one object at an address that came with a request.
 * @throws INVALID_ARGUMENT for what is not an address or too long; PERMISSION_DENIED outside the allowed places;
 *   NOT_FOUND where no regular file or object is
 */
export async function readAddress(address: string, options: ReadAddressOptions): Promise<Uint8Array> {
  const { field, maxBytes, timeoutMs, signal } = options;
  const { folder, name } = splitAddress(field, address);
  const store = openRequestedStore(field, folder, 'read');
  const reading = readBytes(store, name, { maxBytes, ...(signal === undefined ? {} : { signal }) });
  return withinTime(reading, `the store of ${field}`, timeoutMs === undefined ? {} : { limitMs: timeoutMs });
}

/**
 * Checks the form of an address and that it is allowed, without a look at what is there.
 * @throws INVALID_ARGUMENT, PERMISSION_DENIED
 */
export function checkReadable(field: string, address: string): void {
  checkAllowed(field, parseAddress(field, address), 'read');
}

/**
 * The path of a `file://` address with all links followed, for readers that want a path.
 * @throws INVALID_ARGUMENT for another scheme, PERMISSION_DENIED outside the allowed folders, NOT_FOUND
 */
export async function readablePath(field: string, address: string): Promise<string> {
  const parsed = parseAddress(field, address);
  if (parsed.kind !== 'file')
    throw invalidArgument(`${field} must be a file:// address, got ${shown(address)}`);
  checkAllowed(field, parsed, 'read');
  return followLinks(parsed.path, `${field} ${address}`);
}

/** What was tried may take this long before the job is refused. */
const TRIAL_MS = 10_000;

/**
 * Finds out before a job starts whether its results can be kept: writes a small object into the folder and deletes it.
 * @throws INVALID_ARGUMENT, PERMISSION_DENIED for the address; FAILED_PRECONDITION, RESOURCE_EXHAUSTED, NOT_FOUND (no such
 *   bucket) or UNAVAILABLE with the reason why nothing can be written there
 */
export async function checkWritable(field: string, address: string): Promise<void> {
  const store = openRequestedStore(field, address, 'write');
  const key = `cassl-trial-${randomUUID()}`;
  const trial = store.put(key, new Uint8Array([10])).then(() => store.delete(key));
  await withinTime(trial, `the store of ${field} ${shown(address)}`, { limitMs: TRIAL_MS }).catch(
    (error: unknown) => {
      const message = `nothing can be written to ${field} ${shown(address)}: ${errorMessage(error)}`;
      throw new CasslError(errorCode(error), message, { cause: error });
    },
  );
}

/**
 * An object's folder and its name. Names of files are decoded, since their addresses are percent-encoded; S3 keys are taken literally.
 * @param field the request's field, for messages
 * @throws INVALID_ARGUMENT for what is not the address of an object, wrong %-escapes included
 */
export function splitAddress(
  field: string,
  address: string,
): { readonly folder: string; readonly name: string } {
  const parsed = parseAddress(field, address);
  const text = address.slice(address.lastIndexOf('/') + 1);
  // Wrong escapes were refused when the address was taken apart.
  const name = parsed.kind === 'file' ? decodeURIComponent(text) : text;
  if (name === '' || (parsed.kind === 's3' && parsed.key === '')) {
    throw invalidArgument(`${field} must name an object, got ${shown(address)}`);
  }
  return { folder: folderOfAddress(address), name };
}
