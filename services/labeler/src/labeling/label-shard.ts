import { readShard, type PoolImage, type PoolShard } from '@cassl/datasets';
import { encodeLabelFile, type LabelRecord } from '@cassl/labels';
import { errorCode, errorMessage, isCasslError } from '@cassl/errors';
import type { LabelingShard, LabelingShardResult, ShardFailure } from '@cassl/proto';
import { openRequestedStore } from '@cassl/storage';
import { decodeImage, type RgbImage } from '@cassl/vision';
import { detectWithOptions, type OpenModel } from '@cassl/workers';
import { storeLabelFile } from './store-label-file.ts';

const BATCH = 8;
const MAX_DETECTIONS = 100;

type Readable = Extract<PoolImage, { error?: undefined }> & { readonly image: RgbImage };

/**
 * Labels the images of a shard and writes one label file, named by its content. Images that cannot be read are counted and
 * listed; they never fail the shard.
 */
export async function labelShard(
  model: OpenModel,
  shard: LabelingShard,
  signal: AbortSignal,
): Promise<LabelingShardResult> {
  const startedAt = performance.now();
  const { entries } = JSON.parse(shard.descriptorJson) as PoolShard;
  const options = {
    threshold: shard.threshold,
    maxDetections: shard.maxDetections === 0 ? MAX_DETECTIONS : shard.maxDetections,
    masks: model.detector.config.masks,
    nonOverlap: shard.nonOverlap,
  };
  const records: LabelRecord[] = [];
  const failures: ShardFailure[] = [];

  const label = async (batch: readonly Readable[]): Promise<void> => {
    const found = await detectWithOptions(
      model,
      batch.map(({ image }) => image),
      options,
    );
    batch.forEach(({ key, digest, location, image: { width, height } }, index) => {
      const detections = found[index] ?? [];
      records.push({
        key,
        digest,
        location,
        width,
        height,
        detections,
        checkpoint: model.digest,
        threshold: shard.threshold,
      });
    });
  };
  let batch: Readable[] = [];
  for await (const entry of readShard({ entries }, { signal })) {
    const decoded = await decode(entry);
    if ('failure' in decoded) failures.push(decoded.failure);
    else batch.push(decoded);
    if (batch.length < BATCH) continue;
    await label(batch);
    batch = [];
  }
  await label(batch);

  const { uri, digest } = await storeLabelFile(
    openRequestedStore('LabelingSpec.output_uri', shard.outputUri, 'write'),
    shard.outputUri,
    encodeLabelFile(records),
  );
  const labeled = records.filter(({ detections }) => detections.length > 0).length;
  return {
    index: shard.index,
    labelUri: uri,
    labelDigest: digest,
    labeledImages: labeled,
    emptyImages: records.length - labeled,
    labelCount: records.reduce((sum, { detections }) => sum + detections.length, 0),
    failures,
    seconds: (performance.now() - startedAt) / 1000,
  };
}

async function decode(entry: PoolImage): Promise<Readable | { readonly failure: ShardFailure }> {
  try {
    if (entry.error !== undefined) throw entry.error;
    return { ...entry, image: await decodeImage(entry.bytes) };
  } catch (error) {
    if (!isCasslError(error)) throw error;
    return { failure: { key: entry.key, code: errorCode(error), message: errorMessage(error) } };
  }
}
