import type { FastifyRequest } from '@cassl/http';
import type { InferAnswer, InferenceRuntime, InferRequest } from '@cassl/inference';
import { timeLeftMs } from '../../online/time-left.ts';

export const CANARY_HEADER = 'x-cassl-canary';

/** Asks for one image on behalf of whoever sent an HTTP request: until it goes away, as long as it waits, on its routing header. */
export function inferFromHttp(
  inference: Pick<InferenceRuntime, 'infer'>,
  { caller, headers }: FastifyRequest,
  request: InferRequest,
): Promise<InferAnswer> {
  const canary = headers[CANARY_HEADER];
  return inference.infer({
    ...request,
    signal: caller.signal,
    timeoutMs: timeLeftMs(caller.deadlineAt),
    ...(typeof canary === 'string' ? { canary } : {}),
  });
}
