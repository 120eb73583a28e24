import { createHash } from 'node:crypto';
import { lazyBytes } from '@cassl/checkpoints';
import { notFound } from '@cassl/errors';
import { openCheckpoint, type OpenCheckpoint } from '../files/open-checkpoint.ts';
import { OCTETS } from '../files/own-file.ts';
import { sendPieces } from '../files/send-pieces.ts';
import { jsonFile } from '../files/text-file.ts';
import type { ViewRequest } from '../http/request.ts';
import { sendFile, type ServedFile } from '../http/send-file.ts';
import { tfjsTensors, type TfjsTensor } from './tfjs-tensors.ts';

/** What the TensorFlow.js converter makes, so that browsers cache pieces of a model. */
const SHARD_BYTES = 4 * 2 ** 20;

/** `model.json` and its shards, as `tf.io.browserHTTPRequest` and `tf.io.loadWeights` ask for them. */
export async function sendTfjs(request: ViewRequest, digest: string, name: string): Promise<void> {
  const open = await openCheckpoint(request, digest);
  const tensors = tfjsTensors(open.tensors);
  const sizeBytes = tensors.reduce((sum, { tensor }) => sum + lazyBytes(tensor), 0);
  const count = Math.max(1, Math.ceil(sizeBytes / SHARD_BYTES));
  if (name === 'model.json') return sendFile(request, jsonFile(modelJson(tensors, count)));
  const found = /^group1-shard(\d+)of(\d+)\.bin$/.exec(name);
  const index = Number(found?.[1] ?? 0);
  if (found === null || Number(found[2]) !== count || index < 1 || index > count)
    throw notFound(`no such file: model.json names ${count} shards`);
  await sendFile(request, shard(open, tensors, index - 1, sizeBytes));
}

function modelJson(tensors: readonly TfjsTensor[], shards: number): Record<string, unknown> {
  const paths = Array.from({ length: shards }, (_, index) => `group1-shard${index + 1}of${shards}.bin`);
  return {
    format: 'weights',
    generatedBy: 'cassl',
    weightsManifest: [{ paths, weights: tensors.map(({ spec }) => spec) }],
  };
}

function shard(
  { blob }: OpenCheckpoint,
  tensors: readonly TfjsTensor[],
  index: number,
  sizeBytes: number,
): ServedFile {
  const first = index * SHARD_BYTES;
  const pieces = tensors.map(({ tensor }) => tensor);
  return {
    sizeBytes: Math.min(SHARD_BYTES, sizeBytes - first),
    etag: createHash('sha256').update(`tfjs 1 ${blob.digest} ${index}`).digest('hex'),
    contentType: OCTETS,
    sendTo: (sink, { start, end }, signal) =>
      sendPieces(blob, pieces, { start: first + start, end: first + end }, sink, signal),
  };
}
