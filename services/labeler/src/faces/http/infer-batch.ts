import { errorMessage, isCasslError } from '@cassl/errors';
import type { FastifyRequest } from '@cassl/http';
import type { InferAnswer, InferenceRuntime, InferRequest } from '@cassl/inference';
import pMap from 'p-map';
import { inferFromHttp } from './infer-from-http.ts';

/** What became of one image of a batch. */
export type BatchOutcome =
  { readonly answer: InferAnswer } | { readonly error: { readonly code: string; readonly message: string } };

/** Images of one batch that are read and held at the same time: several forward passes of them. */
const WINDOW = 32;
/** What can be wrong with one image; anything else fails the batch. */
const IMAGE_FAULTS = ['INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED'];

/**
 * Asks for many images at once, so that they share forward passes. An image that cannot be used leaves its neighbours alone; where none
 * can be used, the batch fails as the first one did.
 */
export async function inferBatch<Item>(
  inference: Pick<InferenceRuntime, 'infer'>,
  request: FastifyRequest,
  items: readonly Item[],
  read: (item: Item, index: number) => Promise<InferRequest>,
): Promise<BatchOutcome[]> {
  request.caller.takeImages(items.length);
  const failures: unknown[] = [];
  const ask = async (item: Item, index: number): Promise<BatchOutcome> => {
    try {
      const asked = await read(item, index);
      return { answer: await inferFromHttp(inference, request, { ...asked, whenFull: 'wait' }) };
    } catch (error) {
      if (!isCasslError(error) || !IMAGE_FAULTS.includes(error.code)) throw error;
      failures.push(error);
      return { error: { code: error.code, message: errorMessage(error) } };
    }
  };
  const outcomes = await pMap(items, ask, { concurrency: WINDOW });
  if (items.length > 0 && failures.length === items.length) throw failures[0];
  return outcomes;
}
