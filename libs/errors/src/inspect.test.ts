import { describe, expect, it } from 'vitest';
import { CasslError, errorCode, errorMessage, notFound } from './index.ts';

describe('errors', () => {
  it('keeps code, message, cause and details', () => {
    const cause = new Error('disk');
    const error = notFound('checkpoint sha256:ab is not in the store', { cause, details: { digest: 'ab' } });
    expect(error).toBeInstanceOf(CasslError);
    expect(error).toMatchObject({ code: 'NOT_FOUND', cause, details: { digest: 'ab' } });
  });

  it('names the status of an abort, a time-out and a stranger', () => {
    expect(errorCode(new DOMException('stop', 'AbortError'))).toBe('CANCELLED');
    expect(errorCode(new DOMException('late', 'TimeoutError'))).toBe('DEADLINE_EXCEEDED');
    expect(errorCode('text')).toBe('UNKNOWN');
    expect(errorMessage('text')).toBe('text');
  });
});
