import { CasslError, deadlineExceeded, errorCode, failedPrecondition, invalidArgument } from '@cassl/errors';
import type { BlobUpload, StoredBlob } from '../blobs/blob-store.ts';
import { collectReceived } from '../collect-memory.ts';
import { type Lease } from '../database/lease.ts';
import type { Registry } from '../registry.ts';
import { UploadMeter, type UploadFacts } from './upload-meter.ts';

/** A sender who is silent for this long keeps others who publish the same bytes waiting no longer. */
const IDLE_MS = 60_000;

export interface UploadStart {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly offset: number;
}

export interface ReceivedUpload extends UploadFacts {
  readonly stored: StoredBlob;
}

/** Whoever uploads or deletes a digest holds this lease. */
export function digestLease(digest: string): string {
  return `digest/${digest}`;
}

/**
 * Takes the bytes in, hashing them while they arrive, and stores them. What breaks off is kept for a later try; bytes that
 * can never become this checkpoint are not.
 */
export async function receiveUpload(
  registry: Registry,
  start: UploadStart,
  chunks: AsyncIterator<Uint8Array>,
  options: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<ReceivedUpload> {
  const upload = await openUpload(registry, start, options.lease);
  const meter = new UploadMeter(start.digest, start.sizeBytes);
  let isEnded = false;
  try {
    const kept = upload.kept();
    if (kept !== undefined) for await (const chunk of kept) await meter.update(chunk);
    const isMetered = kept !== undefined;
    await receiveChunks(start, chunks, { ...options, upload, meter, isMetered });
    const facts = isMetered ? meter.finish() : undefined;
    isEnded = true;
    const stored = await finish(upload);
    return { stored, ...(facts ?? (await readBack(registry, stored, meter))) };
  } catch (error) {
    if (!isEnded) await end(registry, start.digest, upload, error);
    throw error;
  }
}

/**
 * Takes one part of a file in, whose bytes are hashed when its last part comes. Part after part: each begins where the one
 * before it ended.
 * @param start where the part begins, and how long the whole file is
 * @param end where the part ends
 */
export async function receivePart(
  registry: Registry,
  start: UploadStart & { readonly end: number },
  chunks: AsyncIterator<Uint8Array>,
  options: { readonly lease: Lease; readonly signal: AbortSignal },
): Promise<void> {
  const upload = await openUpload(registry, start, options.lease);
  const meter = new UploadMeter(start.digest, start.sizeBytes);
  const part = { ...start, sizeBytes: start.end };
  try {
    await receiveChunks(part, chunks, { ...options, upload, meter, isMetered: false });
    await upload.suspend();
  } catch (error) {
    // The sender may mend a part and go on, but not on a full disk.
    await (isFull(error) ? end(registry, start.digest, upload, error) : upload.suspend());
    throw error;
  }
}

/** Once its end has begun an upload cannot go on, so that a disk that fills up then keeps nothing of it. */
async function finish(upload: BlobUpload): Promise<StoredBlob> {
  try {
    return await upload.finish();
  } catch (error) {
    if (isHopeless(error)) await upload.discard();
    throw error;
  }
}

async function openUpload(
  { db, blobs }: Registry,
  { digest, sizeBytes, offset }: UploadStart,
  { isTakenOver }: Lease,
): Promise<BlobUpload> {
  const row = await db.selectFrom('uploads').select('state').where('digest', '=', digest).executeTakeFirst();
  const state = row?.state ?? null;
  const kept = await blobs.keptBytes(digest, state);
  if (offset > kept) {
    throw failedPrecondition(
      `start.offset is ${offset}, but only ${kept} bytes of this upload are kept: ask GetUpload`,
    );
  }
  const remember = async (newState: string | null): Promise<void> => {
    const values = { size_bytes: sizeBytes, state: newState, updated_at: new Date() };
    await db
      .insertInto('uploads')
      .values({ digest, ...values })
      .onConflict((conflict) => conflict.column('digest').doUpdateSet(values))
      .execute();
  };
  await remember(state);
  const upload = await blobs.upload(digest, { sizeBytes, offset, state, isTakenOver, onState: remember });
  if (upload.keptBytes === offset) return upload;
  await upload.suspend();
  throw failedPrecondition(`start.offset is ${offset}, where this upload cannot go on: ask GetUpload`);
}

interface Receiving {
  readonly lease: Lease;
  readonly signal: AbortSignal;
  readonly upload: BlobUpload;
  readonly meter: UploadMeter;
  readonly isMetered: boolean;
}

async function receiveChunks(
  { sizeBytes, offset }: UploadStart,
  chunks: AsyncIterator<Uint8Array>,
  { lease, signal, upload, meter, isMetered }: Receiving,
): Promise<void> {
  let received = offset;
  for (let next = await within(chunks.next()); next.done !== true; next = await within(chunks.next())) {
    signal.throwIfAborted();
    lease.signal.throwIfAborted();
    const chunk = next.value;
    if (received + chunk.length > sizeBytes)
      throw invalidArgument(`more bytes than the announced start.size_bytes ${sizeBytes} came`);
    // Hashed while the disk has it.
    const writing = upload.write(chunk);
    writing.catch(() => undefined);
    if (isMetered) await meter.update(chunk);
    await writing;
    received += chunk.length;
    collectReceived(chunk.length);
  }
  if (received === sizeBytes) return;
  throw new CasslError(
    'INVALID_ARGUMENT',
    `the upload ended after ${received} of ${sizeBytes} bytes: go on from there, see GetUpload`,
    { details: { isIncomplete: true } },
  );
}

function within<T>(next: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void =>
      reject(deadlineExceeded(`no chunk came for ${IDLE_MS} ms: go on later, see GetUpload`));
    const timer = setTimeout(late, IDLE_MS).unref();
    void next.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** What S3 would not show before the upload was complete. Nothing names the file yet, so nobody has seen it. */
async function readBack({ blobs }: Registry, stored: StoredBlob, meter: UploadMeter): Promise<UploadFacts> {
  try {
    for await (const chunk of blobs.read(stored.digest, { version: stored.version }))
      await meter.update(chunk);
    return meter.finish();
  } catch (error) {
    if (errorCode(error) === 'INVALID_ARGUMENT') await blobs.delete(stored.digest);
    throw error;
  }
}

async function end(
  { db, logger }: Registry,
  digest: string,
  upload: BlobUpload,
  error: unknown,
): Promise<void> {
  try {
    if (!isHopeless(error)) {
      await upload.suspend();
      return;
    }
    await upload.discard();
    await db.deleteFrom('uploads').where('digest', '=', digest).execute();
  } catch (cause) {
    // The sender wants to hear of the first error; what this leaves behind, reclaiming finds.
    logger.warn({ err: cause, digest }, 'an upload that broke off could not be put away');
  }
}

function isHopeless(error: unknown): boolean {
  if (isFull(error)) return true;
  const { details } = error as { details?: { isIncomplete?: boolean } };
  return errorCode(error) === 'INVALID_ARGUMENT' && details?.isIncomplete !== true;
}

/** What was received of it fills the disk: kept, it would keep everyone else from writing. */
function isFull(error: unknown): boolean {
  return (error as { details?: { isFull?: boolean } }).details?.isFull === true;
}
