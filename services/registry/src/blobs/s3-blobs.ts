import type { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { dataLoss, invalidArgument, notFound } from '@cassl/errors';
import type { BlobStore, ReadOptions, StoredBlob, UnfinishedUpload } from './blob-store.ts';
import { answered, place, statusOf, withoutMissing, type Bucket } from './s3-bucket.ts';
import { keptOf, openS3Upload } from './s3-upload.ts';
import { sendChunks } from './send-file.ts';

const MARK = 'registry-id';
const BLOBS = 'blobs/sha256/';
const CONNECT_MS = 10_000;
const SILENCE_MS = 60_000;

interface S3BlobsOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** How long a connection may carry no byte before it is given up, in milliseconds. @default 60,000 */
  readonly silenceMs?: number;
}

/** Blobs as objects `blobs/sha256/<2 hex>/<64 hex>` below `s3://bucket/prefix`; settings as libs/storage reads them. */
export async function openS3Blobs(uri: string, options: S3BlobsOptions = {}): Promise<BlobStore> {
  const bucket = await connect(uri, options);
  const key = (digest: string): string => `${bucket.prefix}${BLOBS}${digest.slice(0, 2)}/${digest}`;
  return {
    head: (digest) => head(bucket, digest, key(digest)),
    read: (digest, options) => read(bucket, digest, key(digest), options),
    send: (digest, sink, options = {}) =>
      sendChunks(read(bucket, digest, key(digest), options), sink, options.signal),
    signedUrl: (digest) => signedUrl(bucket, key(digest)),
    keptBytes: (_, state) => Promise.resolve(keptOf(state)),
    upload: (digest, options) =>
      openS3Upload(bucket, key(digest), { ...options, stored: () => head(bucket, digest, key(digest)) }),
    delete: async (digest) => {
      await answered(bucket.client.send(new bucket.sdk.DeleteObjectCommand(place(bucket, key(digest)))));
    },
    list: () => list(bucket),
    unfinished: () => unfinished(bucket),
    mark: (id) => mark(bucket, id),
    close: () => bucket.client.destroy(),
  };
}

async function connect(
  uri: string,
  { env = process.env, silenceMs = SILENCE_MS }: S3BlobsOptions,
): Promise<Bucket> {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/i.exec(uri);
  if (match?.[1] === undefined)
    throw invalidArgument(`CASSL_BLOBS_URI must be s3://bucket/prefix, got ${JSON.stringify(uri)}`);
  const prefix = (match[2] ?? '').replace(/\/+$/, '');
  const endpoint = env.S3_ENDPOINT ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1',
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Newer checksum trailers are unknown to many S3-compatible servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A part may be on its way for long: what ends a request is silence, not its length.
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: silenceMs },
  });
  return { sdk, client, Bucket: match[1], prefix: prefix === '' ? '' : `${prefix}/` };
}

const SIGNED_SECONDS = 3_600;

async function signedUrl(bucket: Bucket, Key: string): Promise<string> {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
  const command = new bucket.sdk.GetObjectCommand(place(bucket, Key));
  return getSignedUrl(bucket.client, command, { expiresIn: SIGNED_SECONDS });
}

async function head(bucket: Bucket, digest: string, Key: string): Promise<StoredBlob | undefined> {
  const request = bucket.client.send(new bucket.sdk.HeadObjectCommand(place(bucket, Key)));
  const answer = await answered(withoutMissing(request));
  return answer && describe(digest, answer.ContentLength, answer.ETag, answer.LastModified);
}

function describe(
  digest: string,
  size: number | undefined,
  etag: string | undefined,
  at: Date | undefined,
): StoredBlob {
  const sizeBytes = size ?? 0;
  return { digest, sizeBytes, version: `${etag ?? ''}-${sizeBytes}`, modifiedAt: at ?? new Date(0) };
}

async function* read(
  bucket: Bucket,
  digest: string,
  Key: string,
  { start = 0, end, version, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  if (end === start) return;
  const Range =
    start === 0 && end === undefined ? undefined : `bytes=${start}-${end === undefined ? '' : end - 1}`;
  // The ETag in the version is what S3 compares: other bytes are not even begun.
  const IfMatch = version?.slice(0, version.lastIndexOf('-'));
  const command = new bucket.sdk.GetObjectCommand({ ...place(bucket, Key), Range, IfMatch });
  const answer = await answered(
    bucket.client.send(command, { abortSignal: signal }).catch((error: unknown) => {
      if (statusOf(error) === 404) throw notFound(`the file of ${digest} is missing`, { cause: error });
      if (statusOf(error) === 412 || statusOf(error) === 416)
        throw dataLoss(`the file of ${digest} was changed while it was read`, { cause: error });
      throw error;
    }),
  );
  const wanted = end === undefined ? answer.ContentLength : end - start;
  let received = 0;
  const body = answer.Body as Readable;
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    // A connection that breaks off in the middle is the store's failure like any.
    for (let next = await answered(chunks.next()); next.done !== true; next = await answered(chunks.next())) {
      received += next.value.byteLength;
      yield next.value;
    }
  } finally {
    body.destroy();
  }
  if (wanted !== undefined && received !== wanted)
    throw dataLoss(`the file of ${digest} gave ${received} of ${wanted} bytes`);
}

async function* list(bucket: Bucket): AsyncGenerator<StoredBlob> {
  let ContinuationToken: string | undefined;
  do {
    const page: Sdk.ListObjectsV2CommandOutput = await answered(
      bucket.client.send(
        new bucket.sdk.ListObjectsV2Command({
          Bucket: bucket.Bucket,
          Prefix: `${bucket.prefix}${BLOBS}`,
          ContinuationToken,
        }),
      ),
    );
    for (const { Key = '', Size, ETag, LastModified } of page.Contents ?? []) {
      const digest = /\/([0-9a-f]{64})$/.exec(Key)?.[1];
      if (digest !== undefined) yield describe(digest, Size, ETag, LastModified);
    }
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
}

async function* unfinished(bucket: Bucket): AsyncGenerator<UnfinishedUpload> {
  const { sdk, client, Bucket, prefix } = bucket;
  let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (marker !== undefined) {
    const page: Sdk.ListMultipartUploadsCommandOutput = await answered(
      client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: `${prefix}${BLOBS}`, ...marker })),
    );
    for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
      yield {
        kind: 'multipart-upload',
        name: `${Key.slice(prefix.length)}#${UploadId ?? ''}`,
        id: UploadId,
        digest: /\/([0-9a-f]{64})$/.exec(Key)?.[1] ?? '',
        sizeBytes: 0,
        modifiedAt: Initiated ?? new Date(0),
        async discard() {
          const command = new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId });
          await answered(withoutMissing(client.send(command)));
        },
      };
    }
    marker =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
  }
}

async function mark(bucket: Bucket, id: string): Promise<string> {
  const { sdk, client, prefix } = bucket;
  const at = place(bucket, `${prefix}${MARK}`);
  const readMark = async (): Promise<string | undefined> => {
    const answer = await client.send(new sdk.GetObjectCommand(at)).catch((error: unknown) => {
      if (statusOf(error) === 404 && (error as Error).name === 'NoSuchKey') return undefined;
      throw error;
    });
    return (await answer?.Body?.transformToString())?.trim();
  };
  return answered(
    (async () => {
      const existing = await readMark();
      if (existing !== undefined) return existing;
      await client
        .send(new sdk.PutObjectCommand({ ...at, Body: id, IfNoneMatch: '*' }))
        .catch((error: unknown) => {
          // Another replica was faster.
          if (statusOf(error) !== 412 && statusOf(error) !== 409) throw error;
        });
      return (await readMark()) ?? id;
    })(),
  );
}
