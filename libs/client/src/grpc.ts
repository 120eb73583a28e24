import { CasslError } from '@cassl/errors';
import { DetectorServiceDefinition, type Image, type ImageDetections } from '@cassl/proto';
import { clientSecurityFromEnv, createClient, type ClientSecurity } from '@cassl/rpc';
import {
  DEFAULT_TIMEOUT_MS,
  type CasslClient,
  type ClientOptions,
  type DetectOptions,
  type Detections,
  type Picture,
  type StreamAnswer,
} from './client.ts';
import { withRetries } from './with-retries.ts';

export interface GrpcClientOptions extends ClientOptions {
  /** Token files and certificates. @default the environment's `CASSL_AUTH_TOKEN`, `CASSL_TLS_CA_FILE`, … */
  readonly security?: ClientSecurity;
}

/**
 * The client for Node, over gRPC.
 * @param address `host:port`
 */
export function connect(address: string, client: GrpcClientOptions = {}): CasslClient {
  const { timeoutMs: usualMs = DEFAULT_TIMEOUT_MS, retries, token } = client;
  const security = {
    ...(client.security ?? clientSecurityFromEnv()),
    ...(token === undefined ? {} : { token }),
  };
  const detector = createClient(DetectorServiceDefinition, address, { security });
  return {
    detect: (picture, options) =>
      withRetries(
        async ({ timeoutMs, signal }) => {
          const request = { ...requestOf(options), image: imageOf(picture) };
          const { detections } = await detector.detect(request, { deadlineMs: timeoutMs, signal });
          if (detections === undefined) throw new CasslError('INTERNAL', 'the service answered nothing');
          return toDetections(detections);
        },
        { timeoutMs: options.timeoutMs ?? usualMs, retries, signal: options.signal },
      ),
    async *detectStream(pictures, options) {
      const { timeoutMs: deadlineMs = Infinity, signal } = options;
      const answers = detector.detectStream(requests(pictures, options), {
        deadlineMs,
        ...(signal === undefined ? {} : { signal }),
      });
      let position = 0;
      for await (const { detections } of answers) yield toAnswer(position++, detections);
    },
    close: () => detector.close(),
  };
}

async function* requests(
  pictures: AsyncIterable<Picture> | Iterable<Picture>,
  options: DetectOptions,
): AsyncGenerator<ReturnType<typeof requestOf> & { image: Image }> {
  for await (const picture of pictures) yield { ...requestOf(options), image: imageOf(picture) };
}

function requestOf({ model, threshold = 0, maxDetections = 0, masks = true, priority = 0 }: DetectOptions) {
  return { checkpoint: model, options: { threshold, maxDetections, boxesOnly: !masks }, priority };
}

function imageOf(picture: Picture): Image {
  return picture instanceof Uint8Array
    ? { key: '', source: { $case: 'encoded', value: Buffer.from(picture) } }
    : { key: '', source: { $case: 'uri', value: picture.uri } };
}

function toAnswer(position: number, detections: ImageDetections | undefined): StreamAnswer {
  if (detections === undefined) throw new CasslError('INTERNAL', 'the service answered nothing');
  return detections.error === undefined
    ? { position, found: toDetections(detections) }
    : { position, error: { code: detections.error.code, message: detections.error.message } };
}

function toDetections({
  checkpointDigest,
  width,
  height,
  detections,
  metadata,
}: ImageDetections): Detections {
  const { batchSize = 0, queueMs = 0, inputMs = 0, computeMs = 0, outputMs = 0 } = metadata ?? {};
  return {
    digest: checkpointDigest,
    width,
    height,
    detections: detections.map(({ box, score, categoryId, categoryName: category, mask }) => ({
      box: box ?? { x1: 0, y1: 0, x2: 0, y2: 0 },
      score,
      categoryId,
      category,
      ...(mask === undefined ? {} : { mask }),
    })),
    timing: { batchSize, queueMs, inputMs, computeMs, outputMs },
  };
}
