import { invalidArgument, notFound } from '@cassl/errors';
import type { InferAnswer, InferRequest } from '@cassl/inference';
import { ModelInferRequest, type ModelStreamInferResponse } from '@cassl/proto/inference';
import { describe, expect, it } from 'vitest';
import type { Inference } from './ask-images.ts';
import { openRegions } from './shared-memory/regions.ts';
import { startAnswers, type StreamFace } from './stream-answers.ts';

const model = { digest: 'd', categories: [{ id: 1, name: 'cat' }] };
const metadata = { batchSize: 1, paddingWaste: 0, queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 };
const FOUND: InferAnswer = {
  model,
  width: 4,
  height: 4,
  detections: [{ box: [0, 0, 1, 1], score: 0.5, category: 0 }],
  metadata,
};

/** Images are single letters: `b` is no image, `x` breaks the model. */
function face(): StreamFace & { readonly logged: unknown[] } {
  const logged: unknown[] = [];
  const inference: Partial<Inference> = {
    find: (name) =>
      name === 'missing'
        ? Promise.reject(notFound('model missing is not in the registry'))
        : Promise.resolve({ ...model, sizeBytes: 0, spec: { kind: 'no-op' } }),
    infer({ image }: InferRequest) {
      const letter = image.kind === 'encoded' ? Buffer.from(image.bytes).toString() : '';
      if (letter === 'b') return Promise.reject(invalidArgument('image cannot be decoded'));
      if (letter === 'x') return Promise.reject(new TypeError('secret detail'));
      return Promise.resolve(FOUND);
    },
  };
  const log = { error: (fields: object) => void logged.push(fields) };
  return { inference: inference as Inference, regions: openRegions(), log, logged };
}

function request(
  letters: string,
  { model: modelName = 'm', ...flags }: { model?: string; decoupled?: boolean; emptyFinal?: boolean } = {},
): ModelInferRequest {
  const yes = { parameterChoice: { $case: 'boolParam', value: true } } as const;
  return ModelInferRequest.fromPartial({
    modelName,
    id: 'q',
    parameters: {
      ...(flags.decoupled === true && { decoupled: yes }),
      ...(flags.emptyFinal === true && { triton_enable_empty_final_response: yes }),
    },
    inputs: [
      {
        name: 'image',
        datatype: 'BYTES',
        shape: [String(letters.length)],
        contents: { bytesContents: [...letters].map((letter) => Buffer.from(letter)) },
      },
    ],
  });
}

const caller = { signal: new AbortController().signal, whenFull: 'wait' } as const;

function isFinal({ inferResponse }: ModelStreamInferResponse): unknown {
  return inferResponse?.parameters['triton_final_response']?.parameterChoice?.value;
}

async function ask(
  asked: ModelInferRequest,
  used = face(),
): Promise<{ errors: string[]; finals: unknown[]; outputs: number[]; ids: Set<string | undefined> }> {
  const answers = await Promise.all(startAnswers(used, asked, caller).answers);
  return {
    errors: answers.map(({ errorMessage }) => errorMessage),
    finals: answers.map(isFinal),
    outputs: answers.map(({ inferResponse }) => inferResponse?.outputs.length ?? 0),
    ids: new Set(answers.map(({ inferResponse }) => inferResponse?.id)),
  };
}

describe('a request of a stream', () => {
  it('gets one answer for all of its images, which is the final one', async () => {
    const { errors, finals, outputs, ids } = await ask(request('aab'));
    expect([errors, finals, outputs]).toEqual([[''], [true], [7]]);
    expect([...ids]).toEqual(['q']);
  });

  it('that is decoupled gets one for each image, the last of which is final', async () => {
    const { errors, finals } = await ask(request('aba', { decoupled: true }));
    expect(errors).toEqual(['', '', '']);
    expect(finals).toEqual([false, false, true]);
  });

  it('or an empty one behind them', async () => {
    const { finals, outputs } = await ask(request('aa', { decoupled: true, emptyFinal: true }));
    expect(finals).toEqual([false, false, true]);
    expect(outputs).toEqual([7, 7, 0]);
  });

  it('with an image that its view has no place for is answered to the end: that error is not the final one', async () => {
    const { errors, finals } = await ask(request('baa', { model: 'm:classes', decoupled: true }));
    expect(errors).toEqual([expect.stringContaining('image cannot be decoded'), '', '']);
    expect(finals).toEqual([false, false, true]);
    const withEnd = await ask(request('ab', { model: 'm:classes', decoupled: true, emptyFinal: true }));
    expect(withEnd.errors).toEqual(['', expect.stringContaining('image cannot be decoded'), '']);
    expect(withEnd.finals).toEqual([false, false, true]);
  });

  it('for a model that is not there has one final answer, however many images it has', async () => {
    for (const decoupled of [false, true]) {
      const { errors, finals } = await ask(request('aaa', { model: 'missing', decoupled }));
      expect(errors[0]).toBe('NOT_FOUND: model missing is not in the registry');
      expect(finals.filter((final) => final === true)).toHaveLength(1);
      expect(finals.at(-1)).toBe(true);
    }
  });

  it('that makes no sense is told so, and the stream goes on', async () => {
    const { errors, finals } = await ask(request('', {}));
    expect(errors).toEqual([expect.stringMatching(/^INVALID_ARGUMENT: image: shape\[0\] must be in/)]);
    expect(finals).toEqual([true]);
  });

  it('is told nothing of our own faults, which the log has', async () => {
    const used = face();
    const { errors } = await ask(request('x'), used);
    expect(errors).toEqual(['INTERNAL: the service log has it']);
    expect(used.logged).toMatchObject([{ model: 'm', id: 'q', err: { message: 'secret detail' } }]);
  });

  it('holds the bytes of its raw contents until it is answered', () => {
    const asked = { ...request('a'), rawInputContents: [Buffer.alloc(7), Buffer.alloc(3)] };
    expect(startAnswers(face(), asked, caller).bytes).toBe(10);
  });
});
