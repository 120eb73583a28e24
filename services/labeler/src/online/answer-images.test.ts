import { Checkpoint } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { answerStream, type AnswerContext, type ImageQuestion } from './answer-images.ts';
import type { InferenceResult } from './inference-messages.ts';

const options = { threshold: 0.05, maxDetections: 100, masks: true, nonOverlap: false };

/** Later images are done first. */
function context(): AnswerContext & { readonly seen: number[] } {
  const seen: number[] = [];
  return {
    seen,
    isAgnostic: true,
    findCheckpoint: (reference) =>
      Promise.resolve({
        path: '/x',
        checkpoint: Checkpoint.fromPartial({
          digest: reference,
          manifest: { categories: [{ id: 1, name: 'object' }] },
        }),
      }),
    inference: {
      stop: () => Promise.resolve(),
      detect: ({ image }): Promise<InferenceResult> => {
        const [number = 0] = image;
        seen.push(number);
        const result = { width: number, height: 1, detections: [] };
        return new Promise((resolve) => setTimeout(() => resolve(result), 40 - 10 * number));
      },
    },
  };
}

function question(number: number, checkpoint = ''): ImageQuestion {
  return {
    checkpoint,
    options,
    image: { key: `i${number}`, source: { $case: 'encoded', value: Buffer.of(number) } },
  };
}

describe('answerStream', () => {
  it('keeps the order of the questions and works on several at once', async () => {
    async function* questions(): AsyncGenerator<ImageQuestion> {
      for (const number of [1, 2, 3]) yield await Promise.resolve(question(number, number === 1 ? 'c' : ''));
    }
    const used = context();
    const keys = [];
    for await (const { key, checkpointDigest } of answerStream(used, questions()))
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
    async function* questions(): AsyncGenerator<ImageQuestion> {
      for (const number of [1, 2]) {
        answered = Promise.withResolvers();
        yield question(number, 'c');
        await answered.promise;
      }
    }
    const keys = [];
    for await (const { key } of answerStream(context(), questions())) {
      keys.push(key);
      answered.resolve();
    }
    expect(keys).toEqual(['i1', 'i2']);
  });

  it('wants a checkpoint in the first message', async () => {
    async function* questions(): AsyncGenerator<ImageQuestion> {
      yield await Promise.resolve(question(1));
    }
    const ask = async (): Promise<void> => {
      for await (const answer of answerStream(context(), questions())) void answer;
    };
    await expect(ask()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
