import type { FoundModel, InferAnswer, InferRequest } from '@cassl/inference';
import { describe, expect, it } from 'vitest';
import { answerStream, type AnswerContext, type ImageRequest } from './answer-images.ts';

const options = { threshold: 0.05, maxDetections: 100, masks: true, nonOverlap: false };
const caller = {
  signal: new AbortController().signal,
  deadlineAt: Infinity,
  metadata: new Map<string, string>(),
};

/** Later images are done first. */
function context(): AnswerContext & { readonly seen: number[] } {
  const seen: number[] = [];
  const model = (digest: string): FoundModel => ({
    digest,
    categories: [{ id: 1, name: 'object' }],
    spec: { kind: 'no-op' },
    sizeBytes: 0,
  });
  return {
    seen,
    isAgnostic: true,
    inference: {
      find: (reference) => Promise.resolve(model(reference)),
      infer: (request: InferRequest): Promise<InferAnswer> => {
        const number = request.image.kind === 'encoded' ? request.image.bytes[0]! : 0;
        seen.push(number);
        const metadata = { batchSize: 1, paddingWaste: 0, queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 };
        const answer = { width: number, height: 1, detections: [], model: model(request.model), metadata };
        return new Promise((resolve) => setTimeout(() => resolve(answer), 40 - 10 * number));
      },
    },
  };
}

function request(number: number, checkpoint = ''): ImageRequest {
  return {
    checkpoint,
    options,
    priority: 0,
    image: { key: `i${number}`, source: { $case: 'encoded', value: Buffer.of(number) } },
  };
}

describe('answerStream', () => {
  it('keeps the order of the requests and works on several at once', async () => {
    async function* requests(): AsyncGenerator<ImageRequest> {
      for (const number of [1, 2, 3]) yield await Promise.resolve(request(number, number === 1 ? 'c' : ''));
    }
    const used = context();
    const keys = [];
    for await (const { key, checkpointDigest } of answerStream(used, requests(), caller))
      keys.push([key, checkpointDigest]);
    expect(keys).toEqual([
      ['i1', 'c'],
      ['i2', 'c'],
      ['i3', 'c'],
    ]);
    expect(used.seen).toEqual([1, 2, 3]);
  });

  it('answers a client that waits for each answer before it asks again', async () => {
    let answered = Promise.withResolvers<void>();
    async function* requests(): AsyncGenerator<ImageRequest> {
      for (const number of [1, 2]) {
        answered = Promise.withResolvers();
        yield request(number, 'c');
        await answered.promise;
      }
    }
    const keys = [];
    for await (const { key } of answerStream(context(), requests(), caller)) {
      keys.push(key);
      answered.resolve();
    }
    expect(keys).toEqual(['i1', 'i2']);
  });

  it('reads no further than its window ahead of a slow reader', async () => {
    let read = 0;
    async function* requests(): AsyncGenerator<ImageRequest> {
      for (;;) yield await Promise.resolve(request(1 + (read++ % 3), 'c'));
    }
    const answers = answerStream(context(), requests(), caller);
    await answers.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(read).toBeLessThanOrEqual(18);
    await answers.return(undefined);
  });

  it('wants a checkpoint in the first message', async () => {
    async function* requests(): AsyncGenerator<ImageRequest> {
      yield await Promise.resolve(request(1));
    }
    const ask = async (): Promise<void> => {
      for await (const answer of answerStream(context(), requests(), caller)) void answer;
    };
    await expect(ask()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
