import { dataLoss, unavailable } from '@cassl/errors';
import type { BlobUpload, StoredBlob, UploadOptions } from './blob-store.ts';
import { answered, place, withoutMissing, type Bucket } from './s3-bucket.ts';

/** S3 refuses parts under 5 MiB (but the last) and uploads of over 10,000 parts. */
const MIN_PART_BYTES = 8 * 2 ** 20;
const MAX_PARTS = 10_000;

interface Part {
  readonly number: number;
  readonly etag: string;
  readonly sizeBytes: number;
}

/** A multipart upload that any replica can go on with. */
interface MultipartState {
  readonly uploadId: string;
  readonly parts: readonly Part[];
}

function parse(state: string | null): MultipartState | undefined {
  return state === null ? undefined : (JSON.parse(state) as MultipartState);
}

/** Bytes in whole parts that S3 has. */
export function keptOf(state: string | null): number {
  return parse(state)?.parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) ?? 0;
}

interface S3UploadOptions extends UploadOptions {
  /** The stored object; `undefined` where there is none. */
  readonly stored: () => Promise<StoredBlob | undefined>;
}

/** Sends parts as they fill, one on its way while the next is filled; the object appears when the upload is completed. */
export async function openS3Upload(
  bucket: Bucket,
  Key: string,
  options: S3UploadOptions,
): Promise<BlobUpload> {
  const { sizeBytes, offset, onState, stored } = options;
  const { sdk, client } = bucket;
  const at = place(bucket, Key);
  const partBytes = Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / (MAX_PARTS - 1)));
  const begun = await begin(bucket, Key, options);
  const { uploadId } = begun;
  let { parts } = begun;
  const keptBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(partBytes, sizeBytes - offset)));
  let filled = 0;
  let turn = 0;
  let sending: Promise<void> = Promise.resolve();

  /** A bucket may be told to end uploads after some days: remembered, this one would be gone on with, and refused, each time. */
  const dropped = async (): Promise<Error> => {
    parts = [];
    await onState(null);
    return unavailable(
      'the object store no longer has what it had of this upload: begin again, see GetUpload',
    );
  };
  const send = async (body: Uint8Array, number: number): Promise<void> => {
    const command = new sdk.UploadPartCommand({ ...at, UploadId: uploadId, PartNumber: number, Body: body });
    const answer = await answered(withoutMissing(client.send(command)));
    if (answer === undefined) throw await dropped();
    parts = [...parts, { number, etag: answer.ETag ?? '', sizeBytes: body.byteLength }];
    await onState(JSON.stringify({ uploadId, parts } satisfies MultipartState));
  };
  const flush = async (): Promise<void> => {
    await sending;
    const buffer = buffers[turn % 2] as Buffer;
    sending = send(buffer.subarray(0, filled), (parts.at(-1)?.number ?? 0) + 1);
    sending.catch(() => undefined);
    filled = 0;
    turn++;
  };
  return {
    keptBytes,
    // S3 does not give the parts of an upload before it is completed.
    kept: () => (keptBytes === 0 ? empty() : undefined),
    async write(chunk) {
      for (let done = 0; done < chunk.byteLength;) {
        const buffer = buffers[turn % 2] as Buffer;
        const length = Math.min(buffer.length - filled, chunk.byteLength - done);
        buffer.set(chunk.subarray(done, done + length), filled);
        filled += length;
        done += length;
        if (filled === buffer.length) await flush();
      }
    },
    async finish() {
      if (filled > 0) await flush();
      await sending;
      const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }));
      const command = { ...at, UploadId: uploadId, MultipartUpload: { Parts } };
      const before = await stored();
      const completed = await answered(
        withoutMissing(client.send(new sdk.CompleteMultipartUploadCommand(command))),
      );
      const now = await stored();
      // The client asks again by itself where an answer is lost: then the upload is unknown, and its object is new.
      if (completed === undefined && (now === undefined || now.version === before?.version))
        throw await dropped();
      if (now === undefined) throw dataLoss(`the object ${Key} vanished while it was stored`);
      return now;
    },
    async suspend() {
      await sending.catch(() => undefined);
      return parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    },
    async discard() {
      await sending.catch(() => undefined);
      const command = new sdk.AbortMultipartUploadCommand({ ...at, UploadId: uploadId });
      await answered(withoutMissing(client.send(command)));
    },
  };
}

/** Goes on with the parts up to the offset, or starts anew. Part numbers may be sent again: the newest counts. */
async function begin(
  bucket: Bucket,
  Key: string,
  { state, offset, onState }: UploadOptions,
): Promise<MultipartState> {
  const earlier = parse(state);
  if (earlier !== undefined) {
    let position = 0;
    const parts = earlier.parts.filter(({ sizeBytes }) => (position += sizeBytes) <= offset);
    if (keptOf(JSON.stringify({ ...earlier, parts })) === offset && offset > 0) return { ...earlier, parts };
  }
  const command = new bucket.sdk.CreateMultipartUploadCommand(place(bucket, Key));
  const { UploadId = '' } = await answered(bucket.client.send(command));
  const fresh = { uploadId: UploadId, parts: [] };
  await onState(JSON.stringify(fresh));
  if (earlier !== undefined) {
    const { sdk, client } = bucket;
    // Nobody remembers it any more; what this misses, reclaiming finds.
    await client
      .send(new sdk.AbortMultipartUploadCommand({ ...place(bucket, Key), UploadId: earlier.uploadId }))
      .catch(() => undefined);
  }
  return fresh;
}

async function* empty(): AsyncGenerator<Uint8Array> {
  // Nothing was kept.
}
