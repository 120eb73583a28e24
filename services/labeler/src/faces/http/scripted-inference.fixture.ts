import { invalidArgument, notFound } from '@cassl/errors';
import type { HttpServer } from '@cassl/http';
import type { InferAnswer, InferenceRuntime, InferRequest } from '@cassl/inference';
import { createLogger, serve } from '@cassl/rpc';
import { encodeMask, rleToString, type BinaryMask } from '@cassl/vision';
import { readLabelerConfig } from '../../config.ts';
import { openHttpFaces } from './open-http-faces.ts';

/** 5 x 4 pixels: an L of 5 pixels and a single one apart. */
export const MASK: BinaryMask = {
  width: 5,
  height: 4,
  data: Uint8Array.from('00000' + '01000' + '01001' + '01110', Number),
};

export interface ScriptedFaces {
  readonly http: HttpServer;
  /** What was asked of the model, in order. */
  readonly asked: InferRequest[];
  stop(): Promise<void>;
}

const FOUND: InferAnswer = {
  model: {
    digest: 'abcdef0123456789',
    categories: [
      { id: 7, name: 'cat' },
      { id: 9, name: 'dog' },
    ],
  },
  width: 5,
  height: 4,
  detections: [
    {
      box: [1, 1, 4, 4],
      score: 0.75,
      category: 0,
      mask: { height: 4, width: 5, counts: rleToString(encodeMask(MASK)) },
    },
    { box: [0.5, 1, 2, 4], score: 0.5, category: 1 },
  ],
  metadata: { batchSize: 1, paddingWaste: 0, queueMs: 1, inputMs: 2, computeMs: 3, outputMs: 4 },
};

/** The HTTP faces over a model that finds a cat with a mask and a dog without one in every image that does not start with "bad". */
export async function serveScripted(env: Readonly<Record<string, string>> = {}): Promise<ScriptedFaces> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const server = await serve({ name: 'test', services: [], logger });
  const asked: InferRequest[] = [];
  const inference = {
    infer(request: InferRequest) {
      asked.push(request);
      if (request.model === 'missing')
        return Promise.reject(notFound('model missing is not in the registry'));
      const isBad =
        request.image.kind === 'encoded' && Buffer.from(request.image.bytes).toString().startsWith('bad');
      return isBad ? Promise.reject(invalidArgument('image cannot be decoded')) : Promise.resolve(FOUND);
    },
    find: (reference: string) =>
      reference === 'missing'
        ? Promise.reject(notFound('model missing is not in the registry'))
        : Promise.resolve({ ...FOUND.model, sizeBytes: 0, spec: { kind: 'no-op' } as const }),
    list: () => [],
    isReady: () => true,
  } as unknown as InferenceRuntime;
  const config = readLabelerConfig({ CASSL_HTTP_PORT: '0', CASSL_PINNED_MODELS: 'shop/prod', ...env });
  const http = await openHttpFaces({ inference, server, logger, config });
  return {
    http,
    asked,
    async stop() {
      await http.close(1000);
      await server.stop({ drainMs: 0 });
    },
  };
}
