import type { ErrorCode } from './cassl-error.ts';

/**
 * What another attempt at the same thing may expect.
 * - `permanent`: the same again: the request, or what it names, must change first.
 * - `outage`: better once a peer is back; it is nobody's fault and costs nobody an attempt.
 * - `fault`: unknown. A few attempts in a row are worth it, not more: a defect or a full disk looks like this.
 */
export type Outlook = 'permanent' | 'outage' | 'fault';

const OUTLOOKS: Readonly<Record<ErrorCode, Outlook>> = {
  INVALID_ARGUMENT: 'permanent',
  NOT_FOUND: 'permanent',
  ALREADY_EXISTS: 'permanent',
  PERMISSION_DENIED: 'permanent',
  UNAUTHENTICATED: 'permanent',
  FAILED_PRECONDITION: 'permanent',
  OUT_OF_RANGE: 'permanent',
  UNIMPLEMENTED: 'permanent',
  DATA_LOSS: 'permanent',
  UNAVAILABLE: 'outage',
  DEADLINE_EXCEEDED: 'outage',
  ABORTED: 'outage',
  CANCELLED: 'fault',
  RESOURCE_EXHAUSTED: 'fault',
  INTERNAL: 'fault',
  UNKNOWN: 'fault',
};

/** The one rule that tells permanent errors from transient ones. */
export function outlook(code: ErrorCode): Outlook {
  return OUTLOOKS[code];
}
