import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { readSafetensorsHeader, type ByteSource, type SafetensorsHeader } from '@cassl/checkpoints';
import { dataLoss, errorCode, failedPrecondition, invalidArgument } from '@cassl/errors';
import {
  Manifest,
  type Checkpoint,
  type PublishCheckpointRequest,
  type PublishCheckpointStart,
} from '@cassl/proto';
import { contentKey } from '@cassl/storage';
import { sql } from 'kysely';
import { checkDigest, checkManifest } from '../check-request.ts';
import { readCheckpoint } from './read-checkpoints.ts';
import { recordChange } from '../aliases/record-change.ts';
import type { Registry } from '../registry.ts';

export interface Published {
  readonly checkpoint: Checkpoint;
  /** The bytes were known already; the first manifest stays. */
  readonly existed: boolean;
}

/** The contract's limit of a chunk. */
const MAX_CHUNK_BYTES = 2 ** 20;
const HEADER_LENGTH_BYTES = 8;

/** Takes an upload in: part file, header check, content-addressed blob, then the metadata; each step can be repeated. */
export async function publishCheckpoint(
  registry: Registry,
  requests: AsyncIterable<PublishCheckpointRequest>,
  signal: AbortSignal,
): Promise<Published> {
  const iterator = requests[Symbol.asyncIterator]();
  const start = await readStart(iterator);
  const existing = await readCheckpoint(registry.db, start.digest);
  if (existing !== undefined) return { checkpoint: existing, existed: true };
  return registry.exclusively(start.digest, async () => {
    try {
      const header = await receive(registry, start, iterator, signal);
      await store(registry, start, signal);
      const checkpoint = await record(registry, start, header);
      await registry.uploads.remove(start.digest);
      return { checkpoint, existed: false };
    } catch (error) {
      // Bytes that can never become this checkpoint; anything else may be resumed.
      if (errorCode(error) === 'INVALID_ARGUMENT' && !isIncomplete(error)) {
        await registry.uploads.remove(start.digest);
      }
      throw error;
    }
  });
}

type CheckedStart = PublishCheckpointStart & { readonly manifest: Manifest };

async function readStart(iterator: AsyncIterator<PublishCheckpointRequest>): Promise<CheckedStart> {
  const first = await iterator.next();
  const part = first.done === true ? undefined : first.value.part;
  if (part?.$case !== 'start') throw invalidArgument('the first message of an upload must be a start');
  const start = part.value;
  checkDigest('start.digest', start.digest);
  if (start.sizeBytes < HEADER_LENGTH_BYTES) {
    throw invalidArgument(
      `start.size_bytes must be at least ${HEADER_LENGTH_BYTES}, the shortest safetensors file, got ${start.sizeBytes}`,
    );
  }
  return { ...start, manifest: checkManifest(start.manifest) };
}

/** Appends the chunks to the part file and checks the header as soon as it is there. */
async function receive(
  { uploads }: Registry,
  { digest, sizeBytes, offset }: CheckedStart,
  chunks: AsyncIterator<PublishCheckpointRequest>,
  signal: AbortSignal,
): Promise<SafetensorsHeader> {
  const kept = await uploads.receivedBytes(digest);
  if (offset > kept) {
    throw failedPrecondition(
      `start.offset is ${offset}, but only ${kept} bytes of this upload are kept: ask GetUpload`,
    );
  }
  const file = await uploads.open(digest);
  try {
    await file.truncate(offset);
    const headers = headerChecker(file, sizeBytes);
    let received = offset;
    let header = await headers(received);
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      signal.throwIfAborted();
      const { part } = next.value;
      if (part?.$case !== 'chunk') throw invalidArgument('after the start, an upload has only chunks');
      const chunk = part.value;
      if (chunk.length > MAX_CHUNK_BYTES) {
        throw invalidArgument(`a chunk must be at most ${MAX_CHUNK_BYTES} bytes, got ${chunk.length}`);
      }
      if (received + chunk.length > sizeBytes) {
        throw invalidArgument(`more bytes than the announced start.size_bytes ${sizeBytes} came`);
      }
      await writeAll(file, chunk, received);
      received += chunk.length;
      header ??= await headers(received);
    }
    if (received < sizeBytes) {
      throw invalidArgument(
        `the upload ended after ${received} of ${sizeBytes} bytes: go on from there, see GetUpload`,
        INCOMPLETE,
      );
    }
    if (header === undefined)
      throw dataLoss(`the part file of ${digest} is shorter than what was written to it`);
    return header;
  } finally {
    await file.close();
  }
}

const INCOMPLETE = { details: { isIncomplete: true } };

function isIncomplete(error: unknown): boolean {
  return (error as { details?: { isIncomplete?: boolean } }).details?.isIncomplete === true;
}

/** Reads the header once enough bytes are there; a file of ten gigabytes with a bad one is refused at its beginning. */
function headerChecker(
  file: FileHandle,
  sizeBytes: number,
): (received: number) => Promise<SafetensorsHeader | undefined> {
  let needed: number | undefined;
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(end - start);
    await file.read(bytes, 0, bytes.length, start);
    return bytes;
  };
  return async (received) => {
    if (received < HEADER_LENGTH_BYTES) return undefined;
    if (needed === undefined) {
      const prefix = await read(0, HEADER_LENGTH_BYTES);
      const length = new DataView(prefix.buffer).getBigUint64(0, true);
      // One beyond the file is reported by the reader itself.
      needed = Math.min(HEADER_LENGTH_BYTES + Number(length), sizeBytes);
      if (HEADER_LENGTH_BYTES + Number(length) > sizeBytes) needed = HEADER_LENGTH_BYTES;
    }
    if (received < needed) return undefined;
    const source: ByteSource = {
      name: 'the upload',
      sizeBytes,
      read,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    return readSafetensorsHeader(source);
  };
}

async function writeAll(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  }
}

/** Moves the part file's bytes to their content address; the store checks their sha256 on the way. */
async function store({ uploads, blobs }: Registry, start: CheckedStart, signal: AbortSignal): Promise<void> {
  const expectedDigest = `sha256:${start.digest}`;
  const body = createReadStream(uploads.path(start.digest), { highWaterMark: 2 ** 20 });
  await blobs.put(contentKey(expectedDigest), body, { sizeBytes: start.sizeBytes, expectedDigest, signal });
}

async function record(
  { db, changed }: Registry,
  { digest, sizeBytes, manifest }: CheckedStart,
  header: SafetensorsHeader,
): Promise<Checkpoint> {
  const tensors = [...header.tensors.values()];
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const checkpoint = await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('checkpoints')
      .values({
        digest,
        size_bytes: sizeBytes,
        tensor_count: tensors.length,
        parameter_count: parameters,
        stage: manifest.stage,
        manifest: sql`${JSON.stringify(Manifest.toJSON(manifest))}::jsonb`,
      })
      // Another replica may have been faster.
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
    const parents = [...new Set(manifest.parents)];
    if (parents.length > 0) {
      await transaction
        .insertInto('checkpoint_parents')
        .values(parents.map((parent) => ({ digest, parent })))
        .onConflict((conflict) => conflict.columns(['digest', 'parent']).doNothing())
        .execute();
    }
    const published = await readCheckpoint(transaction, digest);
    if (published === undefined) throw dataLoss(`checkpoint ${digest} vanished while it was recorded`);
    await recordChange(transaction, { $case: 'published', value: published });
    return published;
  });
  changed.emit('change');
  return checkpoint;
}
