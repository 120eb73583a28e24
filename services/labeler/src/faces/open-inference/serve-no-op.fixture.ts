import { openRuntime, type FoundModel, type InferenceRuntime } from '@cassl/inference';
import { notFound } from '@cassl/errors';
import { createLogger, serve, type RunningServer } from '@cassl/rpc';
import { openInferenceService } from './grpc-service.ts';

export interface TestServer {
  readonly inference: InferenceRuntime;
  readonly server: RunningServer;
  stop(): Promise<void>;
}

/** A server whose every model but `missing` finds one box, as large as the image, and computes nothing. */
export async function serveNoOp(): Promise<TestServer> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const inference = openRuntime({
    findModel: (reference): Promise<FoundModel> =>
      reference === 'missing'
        ? Promise.reject(notFound('model missing is not in the registry'))
        : Promise.resolve({
            digest: `digest-of-${reference}`,
            categories: [{ id: 7, name: 'object' }],
            spec: { kind: 'no-op' },
            sizeBytes: 0,
          }),
    budget: { bytes: 2 ** 40, policy: 'evict' },
    limits: { images: 256, bytes: 2 ** 28, pixels: 4e8 },
    maxBatch: 8,
    decodePixels: 1e8,
    loadTimeoutMs: 30_000,
    hangMs: 30_000,
    logger,
  });
  const server = await serve({ name: 'test', services: [openInferenceService(inference)], logger });
  return {
    inference,
    server,
    async stop() {
      await server.stop({ drainMs: 1000 });
      await inference.stop(0);
    },
  };
}
