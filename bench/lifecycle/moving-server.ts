/**
 * Our runtime behind the Open Inference Protocol with an alias that moves: `fork('moving-server.ts', ['{…BenchModel}'])`. It says
 * `{ address }` once it is warm, and `{ digest }` for each message that it gets, when the alias has moved to a checkpoint of that digest.
 */
import { openRuntime } from '@cassl/inference';
import { openInferenceService } from '@cassl/labeler/open-inference';
import { createLogger, serve } from '@cassl/rpc';
import type { BenchModel } from '../serving/model.ts';

const model = JSON.parse(process.argv[2] ?? '') as BenchModel;
const categories = [{ id: 1, name: 'object', supercategory: '' }];
let moves = 0;
const logger = createLogger({ name: 'bench', level: 'warn' });
const inference = openRuntime({
  findModel: () => {
    // The same weights under another name: what is measured is the move.
    const digest = `${model.digest}-${moves}`;
    const checkpoint = { digest, manifest: { model: model.config, categories } } as never;
    const spec = { kind: 'detector', runtime: 'onnx', path: model.weights, checkpoint } as const;
    return Promise.resolve({ digest, categories, sizeBytes: model.sizeBytes, spec });
  },
  budget: { bytes: 2 ** 33, policy: 'evict' },
  limits: { images: 1024, bytes: 2 ** 30, pixels: 4e9 },
  maxBatch: 8,
  decodePixels: 1.28e8,
  loadTimeoutMs: 300_000,
  hangMs: 120_000,
  // Only when it is told to.
  aliasRefreshMs: 2 ** 30,
  logger,
});
const server = await serve({ name: 'bench', services: [openInferenceService(inference)], logger });
await inference.load('m', { pin: true });
process.send?.({ address: server.address });

process.on('message', () => {
  moves += 1;
  void inference.refresh().then(() => process.send?.({ digest: inference.list()[0]?.digest ?? '' }));
});
process.once('disconnect', () => {
  void server.stop({ drainMs: 0 }).then(async () => {
    await inference.stop(0);
    process.exit(0);
  });
});
