import { describe, expect, it } from 'vitest';
import { outlook } from './outlook.ts';

describe('the outlook of an error', () => {
  it('is permanent where the request must change, an outage where a peer is away, a fault otherwise', () => {
    expect(outlook('INVALID_ARGUMENT')).toBe('permanent');
    expect(outlook('FAILED_PRECONDITION')).toBe('permanent');
    expect(outlook('UNAVAILABLE')).toBe('outage');
    expect(outlook('DEADLINE_EXCEEDED')).toBe('outage');
    // A record beyond the broker's limit and a full disk both say it: a bounded number of attempts.
    expect(outlook('RESOURCE_EXHAUSTED')).toBe('fault');
    expect(outlook('INTERNAL')).toBe('fault');
  });
});
