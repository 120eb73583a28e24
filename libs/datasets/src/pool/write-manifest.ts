import { createHash } from 'node:crypto';
import { failedPrecondition } from '@cassl/errors';
import { readBytes, type ObjectStore } from '@cassl/storage';
import { listPool } from './list-pool.ts';
import {
  chunkKey,
  entryLine,
  MANIFEST_FORMAT,
  shardsPerChunk,
  type ManifestChunk,
  type PoolManifest,
} from './manifest-format.ts';
import { describePool, PoolCounter, type PoolReport } from './pool-report.ts';

export interface WriteManifestOptions {
  /** `file://` or `s3://` address of the pool. */
  readonly uri: string;
  readonly imagesPerShard: number;
  /** Use at most this many images, in key order. @default all */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk with the images so far. */
  readonly onProgress?: (images: number) => void;
}

export interface WrittenManifest {
  readonly manifest: PoolManifest;
  /** `sha256:<hex>` of its index. */
  readonly digest: string;
}

/** Where an interrupted listing goes on. */
interface Progress {
  readonly chunks: ManifestChunk[];
  readonly report: PoolReport;
  /** The last file that is wholly in the chunks or passed over. */
  readonly after: string;
  /** Items of the file after it that are in the chunks already. */
  readonly skip: number;
}

const PROGRESS = 'manifest/progress.json';
const INDEX = 'manifest/index.json';
const PROGRESS_EVERY_MS = 2_000;

/**
 * Lists a pool once into content-addressed files, in memory that does not grow with the pool. Interrupted, it goes on after its last
 * kept chunk; done, it answers what it wrote.
 * @throws FAILED_PRECONDITION where the pool holds no image
 */
export async function writeManifest(
  store: ObjectStore,
  options: WriteManifestOptions,
): Promise<WrittenManifest> {
  const known = await readJson(store, INDEX);
  if (known !== undefined) return { manifest: known.value as PoolManifest, digest: known.digest };
  const { uri, imagesPerShard, limit = Infinity, signal, onProgress } = options;
  const begun = (await readJson(store, PROGRESS))?.value as Progress | undefined;
  const chunks = [...(begun?.chunks ?? [])];
  const counter = new PoolCounter(begun?.report);
  const perChunk = shardsPerChunk(imagesPerShard) * imagesPerShard;
  let images = chunks.reduce((sum, chunk) => sum + chunk.images, 0);
  let after = begun?.after ?? '';
  let skip = begun?.skip ?? 0;
  let lines: string[] = [];
  let savedAt = performance.now();

  const cut = async (): Promise<void> => {
    const bytes = Buffer.from(lines.join(''));
    const digest = digestOf(bytes);
    await store.put(chunkKey(digest), bytes);
    chunks.push({ digest, images: lines.length, bytes: bytes.length });
    images += lines.length;
    lines = [];
    onProgress?.(images);
  };
  const save = async (inFile: number): Promise<void> => {
    if (performance.now() - savedAt < PROGRESS_EVERY_MS) return;
    const progress: Progress = { chunks, report: counter.report(), after, skip: inFile };
    await store.put(PROGRESS, Buffer.from(JSON.stringify(progress)));
    savedAt = performance.now();
  };

  let current = '';
  let inFile = 0;
  listing: for await (const { file, items } of listPool(uri, { after, signal })) {
    if (file !== current) {
      if (current !== '') after = current;
      current = file;
      inFile = 0;
    }
    for (const item of items) {
      inFile += 1;
      if (skip > 0) {
        skip -= 1;
        continue;
      }
      if (item.reason !== undefined) {
        counter.pass(item.key, item.reason);
        continue;
      }
      if (images + lines.length >= limit) break listing;
      counter.keep();
      lines.push(entryLine(item));
      if (lines.length < perChunk) continue;
      await cut();
      await save(inFile);
    }
  }
  if (lines.length > 0) await cut();
  const report = counter.report();
  if (images === 0) {
    throw failedPrecondition(`image pool: ${uri} holds no image that can be read: ${describePool(report)}`);
  }
  const manifest: PoolManifest = {
    format: MANIFEST_FORMAT,
    uri,
    images,
    imagesPerShard,
    shardsPerChunk: shardsPerChunk(imagesPerShard),
    // Every chunk but the last is full.
    shards: Math.ceil(images / imagesPerShard),
    chunks,
    report,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await store.put(INDEX, bytes);
  await store.delete(PROGRESS);
  return { manifest, digest: digestOf(bytes) };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function readJson(
  store: ObjectStore,
  key: string,
): Promise<{ readonly value: unknown; readonly digest: string } | undefined> {
  if ((await store.head(key)) === undefined) return undefined;
  const bytes = await readBytes(store, key);
  return { value: JSON.parse(Buffer.from(bytes).toString()), digest: digestOf(bytes) };
}
