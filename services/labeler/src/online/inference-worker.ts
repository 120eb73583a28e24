import { openEngine } from '@cassl/engine';
import { errorCode, errorMessage } from '@cassl/errors';
import { createLogger } from '@cassl/rpc';
import { workerChannel } from '@cassl/workers';
import { detectImages } from './detect-images.ts';
import type { InferenceAnswer, InferenceRequest } from './inference-messages.ts';
import { createModelCache } from '../model-cache.ts';

/** Models that stay in memory. */
const RESIDENT_MODELS = 4;

// The resident inference process of the labeler's online RPCs: batches in, detections out, one at a time.
const logger = createLogger({ name: 'inference-worker' });
const channel = workerChannel();
const engine = openEngine({ logger });
const models = createModelCache(RESIDENT_MODELS);

const answer = async (request: InferenceRequest): Promise<InferenceAnswer> => {
  const { id, checkpoint, path, options, images } = request;
  try {
    await engine;
    const model = await models.get(checkpoint, path);
    return { id, results: await detectImages(model, images, options) };
  } catch (error) {
    logger.error({ err: error, digest: checkpoint.digest }, 'a batch failed');
    return { id, code: errorCode(error), message: errorMessage(error) };
  }
};

let last: Promise<void> = Promise.resolve();
channel.onMessage((message) => {
  last = last.then(async () => channel.report(await answer(message as InferenceRequest)));
});
channel.signal.addEventListener('abort', () => void last.then(() => process.exit(0)));
