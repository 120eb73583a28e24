import { openRuntime, type FoundModel, type InferenceRuntime } from '@cassl/inference';
import { notFound } from '@cassl/errors';
import type { HttpServer } from '@cassl/http';
import { createLogger, createMetrics, serve, type RunningServer, type ServerSecurity } from '@cassl/rpc';
import { observeInference } from '../../online/observe-inference.ts';
import { readLabelerConfig } from '../../config.ts';
import { openHttpFaces } from '../http/open-http-faces.ts';
import type { Labelings } from '../../labeling/labelings.ts';
import { detectorService, labelerService } from '../../service.ts';
import { openInferenceService } from './grpc-service.ts';
import { openRegions } from './shared-memory/regions.ts';

export interface TestServer {
  readonly inference: InferenceRuntime;
  readonly server: RunningServer;
  readonly http: HttpServer;
  stop(): Promise<void>;
}

/** A server whose every model but `missing` finds one box, as large as the image, and computes nothing. */
export async function serveNoOp(
  security: ServerSecurity = {},
  env: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const metrics = createMetrics('test');
  const runtime = openRuntime({
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
  const inference = observeInference(runtime, metrics);
  const regions = openRegions(readLabelerConfig(env).sharedMemory === 'system');
  const server = await serve({
    name: 'test',
    services: [
      openInferenceService(inference, { regions }),
      detectorService({ inference }),
      // No jobs: only what is answered at once.
      labelerService({} as Labelings, { inference }),
    ],
    logger,
    security,
    metrics,
  });
  const http = await openHttpFaces({
    inference,
    regions,
    server,
    logger,
    config: readLabelerConfig({ CASSL_HTTP_PORT: '0', CASSL_HTTP_BODY_MB: '4', ...env }),
  });
  return {
    inference,
    server,
    http,
    async stop() {
      await http.close(1000);
      await server.stop({ drainMs: 1000 });
      await inference.stop(0);
      regions.close();
    },
  };
}
