/** Our runtime behind the Open Inference Protocol, as the labeler serves it: `node ours.ts '{…OursSpec}'` prints its address. */
import { openRuntime, type FoundModel } from '@cassl/inference';
import { openInferenceService } from '@cassl/labeler/open-inference';
import { observeInference } from '@cassl/labeler/observe-inference';
import { createLogger, createMetrics, serve } from '@cassl/rpc';
import { startTelemetry } from '@cassl/telemetry';
import type { BenchModel } from './model.ts';

export interface OursSpec {
  /** `undefined`: a model that computes nothing. */
  readonly model?: BenchModel | undefined;
  readonly maxBatch: number;
  /** @default 'torch', as the labeler's */
  readonly runtime?: 'torch' | 'onnx' | 'auto';
  /** Metrics of inference, and spans where OTEL_EXPORTER_OTLP_ENDPOINT names a collector. @default true */
  readonly isObserved?: boolean;
}

const { model, maxBatch, runtime, isObserved = true } = JSON.parse(process.argv[2] ?? '') as OursSpec;
const categories = Array.from({ length: model?.config.classes ?? 1 }, (_, index) => ({
  id: index + 1,
  name: `c${index}`,
  supercategory: '',
}));
const found: FoundModel =
  model === undefined
    ? { digest: 'no-op', categories, sizeBytes: 0, spec: { kind: 'no-op' } }
    : {
        digest: model.digest,
        categories,
        sizeBytes: model.sizeBytes,
        spec: {
          kind: 'detector',
          path: model.weights,
          ...(runtime === undefined ? {} : { runtime }),
          checkpoint: { digest: model.digest, manifest: { model: model.config, categories } } as never,
        },
      };
const logger = createLogger({ name: 'bench', level: 'warn' });
const telemetry = isObserved ? await startTelemetry({ name: 'bench' }) : undefined;
const metrics = createMetrics('bench');
const runtimeAlone = openRuntime({
  findModel: () => Promise.resolve(found),
  budget: { bytes: 2 ** 33, policy: 'evict' },
  limits: { images: 1024, bytes: 2 ** 30, pixels: 4e9 },
  maxBatch,
  decodePixels: 1.28e8,
  loadTimeoutMs: 120_000,
  hangMs: 120_000,
  logger,
});
const inference = isObserved ? observeInference(runtimeAlone, metrics) : runtimeAlone;
const services = [openInferenceService(inference)];
const server = await serve({ name: 'bench', services, logger, metrics });
// As CASSL_PINNED_MODELS: warm before anybody asks.
await inference.load('m');
console.log(server.address);
process.once('SIGTERM', () => {
  void server.stop({ drainMs: 0 }).then(async () => {
    await inference.stop(0);
    // What was not sent yet would count as free.
    await telemetry?.stop();
    process.exit(0);
  });
});
