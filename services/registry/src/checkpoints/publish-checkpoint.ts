import { dataLoss, failedPrecondition, invalidArgument } from '@cassl/errors';
import { Manifest, stageToJSON, type Checkpoint, type PublishCheckpointRequest } from '@cassl/proto';
import type { Kysely, Transaction } from 'kysely';
import { recordChange } from '../aliases/record-change.ts';
import { checkDigest, checkManifest } from '../check-request.ts';
import { collectReceived } from '../collect-memory.ts';
import { checkLease, withLease, type Lease } from '../database/lease.ts';
import type { Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';
import { ancestorsOf } from './lineage.ts';
import { readCheckpoint } from './read-checkpoints.ts';
import { digestLease, receiveUpload, type UploadStart } from './receive-upload.ts';
import { isWhole } from './seal.ts';
import { stagedFile } from './staged-files.ts';
import { wholeFile, type WholeFile } from './whole-file.ts';

export interface Published {
  readonly checkpoint: Checkpoint;
  /** The bytes were known already; the first manifest stays. */
  readonly existed: boolean;
  /** Its file was damaged and is whole again. */
  readonly repaired: boolean;
}

/** The shortest safetensors file: its header's length. */
const MIN_BYTES = 8;
/** The contract's limit of a chunk. */
const MAX_CHUNK_BYTES = 2 ** 20;
/** Of a chunk, on its way from the socket: frames, message, field. Its last one is counted where it is taken in. */
const COPIES = 3;

/** Takes an upload in: bytes, then metadata, each under one lease; whoever publishes the same bytes meanwhile waits. */
export async function publishCheckpoint(
  registry: Registry,
  requests: AsyncIterable<PublishCheckpointRequest>,
  signal: AbortSignal,
): Promise<Published> {
  const iterator = requests[Symbol.asyncIterator]();
  const start = await readStart(iterator);
  const known = await findWhole(registry, start.digest);
  if (known !== undefined) return known;
  await checkAncestors(registry.db, start.manifest);
  return withLease(registry.db, digestLease(start.digest), signal, async (lease) => {
    const published = await findWhole(registry, start.digest);
    if (published !== undefined) return published;
    const { manifest } = start;
    const staged = await stagedFile(registry, start.digest);
    if (staged !== undefined) return record(registry, staged, manifest, lease);
    const received = await receiveUpload(registry, start, chunksOf(iterator), { lease, signal });
    return record(registry, wholeFile(start, received), manifest, lease);
  });
}

interface CheckedStart extends UploadStart {
  readonly manifest: Manifest;
}

async function readStart(iterator: AsyncIterator<PublishCheckpointRequest>): Promise<CheckedStart> {
  const first = await iterator.next();
  const part = first.done === true ? undefined : first.value.part;
  if (part?.$case !== 'start') throw invalidArgument('the first message of an upload must be a start');
  const start = part.value;
  checkDigest('start.digest', start.digest);
  if (start.sizeBytes < MIN_BYTES) {
    throw invalidArgument(
      `start.size_bytes must be at least ${MIN_BYTES}, the shortest safetensors file, got ${start.sizeBytes}`,
    );
  }
  const manifest = checkManifest(start.manifest);
  if (ancestorsOf({ manifest }).includes(start.digest))
    throw invalidArgument('manifest.parents and teachers must not name the checkpoint itself');
  return { ...start, manifest };
}

function chunksOf(requests: AsyncIterator<PublishCheckpointRequest>): AsyncIterator<Uint8Array> {
  return {
    async next() {
      const next = await requests.next();
      if (next.done === true) return next;
      const chunk = checkedChunk(next.value);
      collectReceived(COPIES * chunk.length);
      return { value: chunk };
    },
  };
}

function checkedChunk({ part }: PublishCheckpointRequest): Uint8Array {
  if (part?.$case !== 'chunk') throw invalidArgument('after the start, an upload has only chunks');
  if (part.value.length <= MAX_CHUNK_BYTES) return part.value;
  throw invalidArgument(`a chunk must be at most ${MAX_CHUNK_BYTES} bytes, got ${part.value.length}`);
}

async function findWhole(registry: Registry, digest: string): Promise<Published | undefined> {
  const checkpoint = await readCheckpoint(registry.db, digest);
  if (checkpoint === undefined || !(await isWhole(registry, digest))) return undefined;
  return { checkpoint, existed: true, repaired: false };
}

/** @throws FAILED_PRECONDITION that names the first ancestor that is not here */
async function checkAncestors(db: Kysely<Database>, manifest: Manifest): Promise<void> {
  const ancestors = ancestorsOf({ manifest });
  if (ancestors.length === 0) return;
  const rows = await db.selectFrom('checkpoints').select('digest').where('digest', 'in', ancestors).execute();
  const known = new Set(rows.map(({ digest }) => digest));
  const missing = ancestors.find((digest) => !known.has(digest));
  if (missing === undefined) return;
  throw failedPrecondition(
    `manifest names the parent or teacher ${missing}, which is not published: publish it first`,
  );
}

async function record(
  registry: Registry,
  file: WholeFile,
  manifest: Manifest,
  lease: Lease,
): Promise<Published> {
  const published = await registry.db
    .transaction()
    .execute((transaction) => recordCheckpoint(transaction, file, manifest, lease));
  if (published.repaired)
    registry.logger.info({ digest: file.digest }, 'a damaged checkpoint was published again and is whole');
  registry.changed.emit('change');
  return published;
}

/**
 * In one transaction: the checkpoint, what it was made of, and the news of it. Exactly one of many publishers inserts it.
 * @throws ABORTED when the digest's lease is another's by now, FAILED_PRECONDITION that names an unknown ancestor
 */
export async function recordCheckpoint(
  transaction: Transaction<Database>,
  { digest, sizeBytes, tensorCount, parameterCount, seal }: WholeFile,
  manifest: Manifest,
  lease: Lease,
): Promise<Published> {
  await checkLease(transaction, lease);
  await lockAncestors(transaction, manifest);
  const checked = { seal, damage: null, verified_at: new Date() };
  const inserted = await transaction
    .insertInto('checkpoints')
    .values({
      digest,
      size_bytes: sizeBytes,
      tensor_count: tensorCount,
      parameter_count: parameterCount,
      stage: stageToJSON(manifest.stage),
      manifest: JSON.stringify(Manifest.toJSON(manifest)),
      created_at: new Date(),
      ...checked,
    })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .returning('digest')
    .executeTakeFirst();
  if (inserted === undefined)
    await transaction.updateTable('checkpoints').set(checked).where('digest', '=', digest).execute();
  else await recordRelations(transaction, digest, manifest);
  await transaction.deleteFrom('uploads').where('digest', '=', digest).execute();
  await transaction.deleteFrom('staged_files').where('digest', '=', digest).execute();
  const checkpoint = await readCheckpoint(transaction, digest);
  if (checkpoint === undefined) throw dataLoss(`checkpoint ${digest} vanished while it was recorded`);
  const isNew = inserted !== undefined;
  if (isNew) await recordChange(transaction, { $case: 'published', value: checkpoint });
  return { checkpoint, existed: !isNew, repaired: !isNew };
}

/** Keeps ancestors from being deleted until the new checkpoint names them. In one order, so that publishers do not block each other. */
async function lockAncestors(transaction: Transaction<Database>, manifest: Manifest): Promise<void> {
  for (const digest of ancestorsOf({ manifest }).sort()) {
    await transaction
      .updateTable('checkpoints')
      .set((builder) => ({ stage: builder.ref('stage') }))
      .where('digest', '=', digest)
      .execute();
  }
  await checkAncestors(transaction, manifest);
}

async function recordRelations(
  transaction: Transaction<Database>,
  digest: string,
  manifest: Manifest,
): Promise<void> {
  const parents = ancestorsOf({ manifest }).map((parent) => ({ digest, parent }));
  if (parents.length > 0) await transaction.insertInto('checkpoint_parents').values(parents).execute();
  const tags = Object.entries(manifest.tags).map(([key, value]) => ({ digest, key, value }));
  if (tags.length > 0) await transaction.insertInto('checkpoint_tags').values(tags).execute();
}
