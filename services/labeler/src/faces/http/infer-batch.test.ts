import { invalidArgument, notFound, resourceExhausted, unavailable } from '@cassl/errors';
import type { FastifyRequest } from '@cassl/http';
import type { InferAnswer, InferRequest } from '@cassl/inference';
import { describe, expect, it } from 'vitest';
import { inferBatch, type BatchOutcome } from './infer-batch.ts';

const FOUND = { width: 1, height: 1, detections: [] } as unknown as InferAnswer;

/** A model that takes images called so, and what it was asked. */
function scripted(taken: (count: number) => void = () => undefined) {
  const asked: InferRequest[] = [];
  const inference = {
    infer(request: InferRequest): Promise<InferAnswer> {
      asked.push(request);
      if (request.model === 'bad') return Promise.reject(invalidArgument('image cannot be decoded'));
      if (request.model === 'away') return Promise.reject(unavailable('the model is being loaded'));
      return Promise.resolve(FOUND);
    },
  };
  const caller = { signal: new AbortController().signal, deadlineAt: Infinity, takeImages: taken };
  const request = { caller, headers: { 'x-cassl-canary': 'trial' } } as unknown as FastifyRequest;
  const run = (items: readonly string[]): Promise<BatchOutcome[]> =>
    inferBatch(inference, request, items, (model) => {
      if (model === 'gone') return Promise.reject(notFound('tasks[1].data.photo is not there'));
      return Promise.resolve({ model, image: { kind: 'encoded', bytes: Buffer.of(1) } });
    });
  return { asked, run };
}

describe('a batch over HTTP', () => {
  it('asks for all images, in order, and waits for room in the queue', async () => {
    const { asked, run } = scripted();
    expect(await run(['a', 'b', 'c'])).toEqual([{ answer: FOUND }, { answer: FOUND }, { answer: FOUND }]);
    expect(asked.map(({ model, whenFull, canary }) => [model, whenFull, canary])).toEqual([
      ['a', 'wait', 'trial'],
      ['b', 'wait', 'trial'],
      ['c', 'wait', 'trial'],
    ]);
  });

  it('leaves the neighbours of an image alone that cannot be used', async () => {
    expect(await scripted().run(['a', 'gone', 'bad', 'b'])).toEqual([
      { answer: FOUND },
      { error: { code: 'NOT_FOUND', message: 'tasks[1].data.photo is not there' } },
      { error: { code: 'INVALID_ARGUMENT', message: 'image cannot be decoded' } },
      { answer: FOUND },
    ]);
  });

  it('fails as the first image did where none can be used', async () => {
    await expect(scripted().run(['bad', 'gone'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await scripted().run([])).toEqual([]);
  });

  it('fails as a whole where the model cannot answer', async () => {
    await expect(scripted().run(['a', 'away'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('counts its images against the quota before it asks for one', async () => {
    const { asked, run } = scripted((count) => {
      throw resourceExhausted(`${count} images are more than the quota`);
    });
    await expect(run(['a', 'b'])).rejects.toThrow('2 images are more than the quota');
    expect(asked).toEqual([]);
  });
});
