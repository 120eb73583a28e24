import type { FastifyRequest } from '@cassl/http';
import type { HttpFailure, Scope } from '@cassl/rpc';
import { timeLeftMs } from '../../../online/time-left.ts';
import { CANARY_HEADER } from '../../http/infer-from-http.ts';
import type { Caller } from '../ask-images.ts';

export function callerOf({ caller, headers }: FastifyRequest): Caller {
  const canary = headers[CANARY_HEADER];
  return {
    signal: caller.signal,
    timeoutMs: timeLeftMs(caller.deadlineAt),
    whenFull: 'refuse',
    takeImages: (count) => caller.takeImages(count),
    ...(typeof canary === 'string' ? { canary } : {}),
  };
}

/** The protocol's errors are text. */
const failureBody = ({ message }: HttpFailure): unknown => ({ error: message });

function withScope(scope: Scope | 'open') {
  return { config: { scope, failureBody } };
}

export const toAll = withScope('open');
export const asInfer = withScope('infer');
export const asRead = withScope('read');
export const asAdmin = withScope('admin');
