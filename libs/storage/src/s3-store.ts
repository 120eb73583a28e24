import { addAbortSignal, Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { alreadyExists, dataLoss, notFound } from '@cassl/errors';
import { checkLength, checkRange } from './byte-range.ts';
import { checkDigest, digestHex, DigestMeter } from './digest.ts';
import { checkKey } from './object-key.ts';
import type {
  Body,
  GetOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutReceipt,
} from './object-store.ts';
import { isNotFound, isTaken, translateS3Error } from './s3-errors.ts';
import { SILENCE_MS, withinTime } from './within-time.ts';

/** S3 refuses parts under 5 MiB (but the last) and uploads of over 10,000 parts. */
const MIN_PART_BYTES = 8 * 2 ** 20;
const MAX_PARTS = 10_000;
/** CopyObject's limit; larger objects are copied part by part. */
const MAX_COPY_BYTES = 5 * 2 ** 30;

const CONNECT_MS = 5000;

export interface S3Options {
  readonly bucket: string;
  /** Prepended to every key; empty or ending in "/". */
  readonly prefix: string;
  readonly uri: string;
  /** An S3-compatible server's address, addressed by path; default AWS itself. */
  readonly endpoint?: string | undefined;
  /** Default us-east-1, which other servers ignore. */
  readonly region?: string | undefined;
}

interface Connection {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  readonly Bucket: string;
  readonly prefix: string;
  readonly uri: string;
}

/** A bucket, or a prefix of it. Credentials come from the SDK's own chain (environment, profile, instance role). */
export function openS3Store(options: S3Options): ObjectStore {
  let connection: Promise<Connection> | undefined;
  // The SDK takes a third of a second to load: only those who use it wait for it.
  const connect = (): Promise<Connection> => (connection ??= openConnection(options));
  const name = (key: string): string => options.prefix + checkKey(key);
  return {
    uri: options.uri,
    put: async (key, body, putOptions) => put(await connect(), key, name(key), body, putOptions),
    get: (key, getOptions) => get(connect, key, name(key), getOptions),
    head: async (key) => head(await connect(), key, name(key)),
    list: (prefix = '', options) => list(connect, prefix, options),
    move: async (from, to) => move(await connect(), from, name(from), name(to)),
    delete: async (key) => remove(await connect(), name(key)),
  };
}

async function openConnection(options: S3Options): Promise<Connection> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region: options.region ?? 'us-east-1',
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    // Newer checksum trailers are unknown to many S3-compatible servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: SILENCE_MS,
      socketTimeout: SILENCE_MS,
      throwOnRequestTimeout: true,
    },
  });
  return { sdk, client, Bucket: options.bucket, prefix: options.prefix, uri: options.uri };
}

async function put(
  connection: Connection,
  key: string,
  Key: string,
  body: Body,
  options: PutOptions = {},
): Promise<PutReceipt> {
  if (options.expectedDigest !== undefined) digestHex(options.expectedDigest);
  const { Upload } = await import('@aws-sdk/lib-storage');
  const meter = new DigestMeter();
  let digest = '';
  // The check sits inside the stream: a mismatch fails the upload before it is completed, so nothing becomes visible.
  async function* checked(): AsyncGenerator<Uint8Array> {
    yield* meter.through(body, options.signal);
    digest = meter.digest();
    checkDigest(digest, options.expectedDigest, `object ${key}`);
  }
  const upload = new Upload({
    client: connection.client,
    params: {
      Bucket: connection.Bucket,
      Key,
      Body: Readable.from(checked(), { objectMode: false }),
      ...(options.ifAbsent === true ? { IfNoneMatch: '*' } : {}),
    },
    partSize: Math.max(MIN_PART_BYTES, Math.ceil((options.sizeBytes ?? 0) / (MAX_PARTS - 1))),
    queueSize: 2,
  });
  const abort = (): void => void upload.abort();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await upload.done();
  } catch (error) {
    if (options.ifAbsent === true && isTaken(error)) {
      throw alreadyExists(`object ${key} exists already`, { cause: error });
    }
    throw translateS3Error(error, `put ${key} into ${connection.uri}`);
  } finally {
    options.signal?.removeEventListener('abort', abort);
  }
  return { key, sizeBytes: meter.sizeBytes, digest };
}

async function* get(
  connect: () => Promise<Connection>,
  key: string,
  Key: string,
  options: GetOptions = {},
): AsyncGenerator<Uint8Array> {
  const connection = await connect();
  const info = await head(connection, key, Key, options.signal);
  if (info === undefined) throw notFound(`object ${key} is not in ${connection.uri}`);
  const { start, end } = checkRange(key, info.sizeBytes, options);
  checkLength(key, end - start, options);
  if (start === end) return;
  try {
    const { Body } = await connection.client.send(
      new connection.sdk.GetObjectCommand({
        Bucket: connection.Bucket,
        Key,
        Range: `bytes=${start}-${end - 1}`,
      }),
      abortedBy(options.signal),
    );
    const body = Body as Readable;
    if (options.signal !== undefined) addAbortSignal(options.signal, body);
    yield* bounded(body, key, end - start);
  } catch (error) {
    throw translateS3Error(error, `get ${key} from ${connection.uri}`);
  }
}

function abortedBy(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** What was asked for and no byte more, whatever the server sends; a server that falls silent is given up. */
async function* bounded(body: Readable, key: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let received = 0;
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      const next = await withinTime(chunks.next(), `the store of object ${key}`);
      if (next.done === true) break;
      received += next.value.byteLength;
      if (received > sizeBytes) break;
      yield next.value;
    }
  } finally {
    body.destroy();
  }
  if (received === sizeBytes) return;
  throw dataLoss(`object ${key}: the store sent ${received} bytes instead of ${sizeBytes}`);
}

async function head(
  { sdk, client, Bucket, uri }: Connection,
  key: string,
  Key: string,
  signal?: AbortSignal,
): Promise<ObjectInfo | undefined> {
  try {
    const answer = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }), abortedBy(signal));
    return { key, sizeBytes: answer.ContentLength ?? 0, modifiedAt: answer.LastModified ?? new Date(0) };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw translateS3Error(error, `head ${key} of ${uri}`);
  }
}

async function* list(
  connect: () => Promise<Connection>,
  prefix: string,
  { after, signal }: ListOptions = {},
): AsyncGenerator<ObjectInfo> {
  const { sdk, client, Bucket, prefix: base, uri } = await connect();
  const StartAfter = after === undefined ? undefined : base + after;
  const ask = (ContinuationToken?: string): Promise<Sdk.ListObjectsV2CommandOutput> => {
    const page = client
      .send(
        new sdk.ListObjectsV2Command({ Bucket, Prefix: base + prefix, StartAfter, ContinuationToken }),
        abortedBy(signal),
      )
      .catch((error: unknown) => {
        throw translateS3Error(error, `list ${uri}`);
      });
    // Who stops in between never hears of it.
    page.catch(() => undefined);
    return page;
  };
  for (let next: ReturnType<typeof ask> | undefined = ask(); next !== undefined;) {
    const page: Sdk.ListObjectsV2CommandOutput = await next;
    // A thousand keys a page: the next one is on its way while they are taken.
    next = page.IsTruncated === true ? ask(page.NextContinuationToken) : undefined;
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      signal?.throwIfAborted();
      if (Key === undefined) continue;
      yield { key: Key.slice(base.length), sizeBytes: Size ?? 0, modifiedAt: LastModified ?? new Date(0) };
    }
  }
}

/** S3 has no rename: the server copies, then the old name goes. The copy is atomic; a crash between leaves both. */
async function move(connection: Connection, from: string, source: string, Key: string): Promise<void> {
  const { sdk, client, Bucket, uri } = connection;
  const info = await head(connection, from, source);
  if (info === undefined) throw notFound(`object ${from} is not in ${uri}`);
  const CopySource = `${Bucket}/${source.split('/').map(encodeURIComponent).join('/')}`;
  try {
    if (info.sizeBytes <= MAX_COPY_BYTES) {
      await client.send(new sdk.CopyObjectCommand({ Bucket, Key, CopySource }));
    } else {
      await copyInParts(connection, CopySource, info.sizeBytes, Key);
    }
  } catch (error) {
    throw translateS3Error(error, `copy ${from} in ${uri}`);
  }
  await remove(connection, source);
}

async function copyInParts(
  connection: Connection,
  CopySource: string,
  sizeBytes: number,
  Key: string,
): Promise<void> {
  const { sdk, client, Bucket } = connection;
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key }));
  try {
    const Parts: Sdk.CompletedPart[] = [];
    for (let start = 0; start < sizeBytes; start += MAX_COPY_BYTES) {
      const CopySourceRange = `bytes=${start}-${Math.min(start + MAX_COPY_BYTES, sizeBytes) - 1}`;
      const PartNumber = Parts.length + 1;
      const { CopyPartResult } = await client.send(
        new sdk.UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber, CopySource, CopySourceRange }),
      );
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    await client.send(
      new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
    );
  } catch (error) {
    await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    throw error;
  }
}

async function remove({ sdk, client, Bucket, uri }: Connection, Key: string): Promise<void> {
  await client.send(new sdk.DeleteObjectCommand({ Bucket, Key })).catch((error: unknown) => {
    throw translateS3Error(error, `delete ${Key} of ${uri}`);
  });
}
