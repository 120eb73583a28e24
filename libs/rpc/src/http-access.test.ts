import { CasslError, invalidArgument } from '@cassl/errors';
import { describe, expect, it } from 'vitest';
import { httpFailure } from './http-access.ts';
import { toServerError } from './error-status.ts';

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
const timedOut = AbortSignal.timeout(0);
await new Promise((resolve) => timedOut.addEventListener('abort', resolve));
const cancelled = new AbortController();
cancelled.abort();

describe('an error over HTTP', () => {
  it.each<[string, unknown, number, string]>([
    ['of ours', invalidArgument('threshold is wrong'), 400, 'threshold is wrong'],
    ['a full disk', full, 429, 'no space is left on the disk of this service'],
    ['a time that is over', timedOut.reason, 504, 'timeout'],
    ['a caller that is gone', cancelled.signal.reason, 499, 'the call was cancelled'],
    ['a fault', new TypeError('x is not a function'), 500, 'internal error; the service log has it'],
    ['a fault that is said to be one', new CasslError('INTERNAL', 'secret'), 500, 'internal error'],
  ])('%s has the code that it has over gRPC', (_, error, status, message) => {
    const failure = httpFailure(error);
    expect(failure).toMatchObject({ status, message: expect.stringContaining(message) as string });
    const rpc = toServerError(error, 'call').status;
    expect(rpc.message).toContain(failure.code);
  });
});
