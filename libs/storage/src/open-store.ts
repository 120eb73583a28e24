import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalidArgument } from '@cassl/errors';
import { checkAllowed, type Use } from './allowed-places.ts';
import { openFileStore } from './file-store.ts';
import type { ObjectStore } from './object-store.ts';
import { parseAddress } from './parse-address.ts';
import { openS3Store } from './s3-store.ts';

/**
 * Opens a folder or bucket that the program itself or its operator chose: `file:///folder`, a plain folder path, or `s3://bucket/prefix`. Touches nothing until the first call.
 *
 * | variable | meaning |
 * |---|---|
 * | `S3_ENDPOINT` (or `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`) | an S3-compatible server, for example `http://127.0.0.1:9000` |
 * | `AWS_REGION` | default `us-east-1` |
 * | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`, … | read by the AWS SDK itself |
 *
 * @throws INVALID_ARGUMENT for another scheme or a malformed URI
 */
export function openStore(uri: string, env: NodeJS.ProcessEnv = process.env): ObjectStore {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      if (uri === '') throw invalidArgument('store URI must not be empty');
      return openFileStore(resolve(uri), uri);
    case 'file':
      return openFileStore(folderOf(uri), uri);
    case 's3':
      return openBucket(bucketOf(uri), uri, env);
    default:
      throw invalidArgument(`store URI must start with file:// or s3://, got ${JSON.stringify(uri)}`);
  }
}

/**
 * Opens a folder or bucket that a request names, within the limits of `limitAddresses`: for the whole life of the store
 * nothing outside them is read or written, whatever links there are.
 * @param field the request's field, for messages
 * @throws INVALID_ARGUMENT for what is not an address, PERMISSION_DENIED for one that is not allowed
 */
export function openRequestedStore(
  field: string,
  uri: string,
  use: Use,
  env: NodeJS.ProcessEnv = process.env,
): ObjectStore {
  const address = parseAddress(field, uri);
  checkAllowed(field, address, use);
  if (address.kind === 'file') return openFileStore(address.path, uri, true);
  const prefix = address.key === '' ? '' : `${address.key}/`;
  return openBucket({ bucket: address.bucket, prefix }, uri, env);
}

function openBucket(
  place: { readonly bucket: string; readonly prefix: string },
  uri: string,
  env: NodeJS.ProcessEnv,
): ObjectStore {
  return openS3Store({
    ...place,
    uri,
    endpoint: env.S3_ENDPOINT ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL,
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION,
  });
}

function folderOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw invalidArgument(`store URI must be file:///absolute/folder, got ${JSON.stringify(uri)}`, { cause });
  }
}

function bucketOf(uri: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/i.exec(uri);
  if (match?.[1] === undefined)
    throw invalidArgument(`store URI must be s3://bucket/prefix, got ${JSON.stringify(uri)}`);
  const prefix = (match[2] ?? '').replace(/\/+$/, '');
  return { bucket: match[1], prefix: prefix === '' ? '' : `${prefix}/` };
}
