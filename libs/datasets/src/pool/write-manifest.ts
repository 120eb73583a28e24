import { createHash } from 'node:crypto';
import { dataLoss, errorMessage, failedPrecondition } from '@cassl/errors';
import { readBytes, type ObjectStore } from '@cassl/storage';
import { z } from 'zod';
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

const count = z.int().nonnegative();
const chunkSchema = z.object({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  images: count,
  bytes: count,
});
const reportSchema = z.object({
  listed: count,
  kept: count,
  unread: z.array(z.object({ reason: z.string(), count, examples: z.array(z.string()) })),
});
const manifestSchema = z.object({
  format: z.literal(MANIFEST_FORMAT),
  uri: z.string(),
  images: count,
  imagesPerShard: z.int().positive(),
  shardsPerChunk: z.int().positive(),
  shards: count,
  chunks: z.array(chunkSchema),
  report: reportSchema,
});
const progressSchema = z.object({
  chunks: z.array(chunkSchema),
  report: reportSchema,
  after: z.string(),
  skip: count,
});

const PROGRESS = 'manifest/progress.json';
const INDEX = 'manifest/index.json';
const PROGRESS_EVERY_MS = 2_000;

/**
 * Lists a pool once into content-addressed files, in memory that does not grow with the pool. Interrupted, it goes on after its last
 * kept chunk; done, it answers what it wrote.
 * @throws FAILED_PRECONDITION where the pool holds no image; DATA_LOSS where what it wrote before was changed
 */
export async function writeManifest(
  store: ObjectStore,
  options: WriteManifestOptions,
): Promise<WrittenManifest> {
  const known = await readIndex(store, options);
  if (known !== undefined) return known;
  const { uri, imagesPerShard, limit = Infinity, signal, onProgress } = options;
  const begun = await readProgress(store);
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
    const text = JSON.stringify(progress);
    await store.put(PROGRESS, Buffer.from(`${digestOf(Buffer.from(text))}\n${text}`));
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

/** @throws DATA_LOSS for what is not the index of this pool and this shard size */
async function readIndex(
  store: ObjectStore,
  { uri, imagesPerShard }: WriteManifestOptions,
): Promise<WrittenManifest | undefined> {
  if ((await store.head(INDEX)) === undefined) return undefined;
  const bytes = await readBytes(store, INDEX);
  const damaged = (reason: string): Error =>
    dataLoss(`pool manifest: ${store.uri}/${INDEX} is damaged or was changed: ${reason}`);
  let manifest: PoolManifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  } catch (error) {
    throw damaged(error instanceof z.ZodError ? z.prettifyError(error) : errorMessage(error));
  }
  const images = manifest.chunks.reduce((sum, chunk) => sum + chunk.images, 0);
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    ['uri', manifest.uri, uri],
    ['imagesPerShard', manifest.imagesPerShard, imagesPerShard],
    ['shardsPerChunk', manifest.shardsPerChunk, shardsPerChunk(imagesPerShard)],
    ['images', manifest.images, images],
    ['shards', manifest.shards, Math.ceil(images / imagesPerShard)],
  ];
  for (const [name, value, expected] of facts) {
    if (value !== expected)
      throw damaged(`${name} is ${JSON.stringify(value)}, not ${JSON.stringify(expected)}`);
  }
  return { manifest, digest: digestOf(bytes) };
}

/** One that cannot be read or was changed is as good as none: the pool is listed from its start, so that no image is passed over. */
async function readProgress(store: ObjectStore): Promise<Progress | undefined> {
  if ((await store.head(PROGRESS)) === undefined) return undefined;
  const [digest, text = ''] = Buffer.from(await readBytes(store, PROGRESS))
    .toString()
    .split('\n', 2);
  if (digest !== digestOf(Buffer.from(text))) return undefined;
  try {
    return progressSchema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
