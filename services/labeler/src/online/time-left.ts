import { deadlineExceeded } from '@cassl/errors';

/** Milliseconds until `deadlineAt` (Unix ms, Infinity for never). @throws DEADLINE_EXCEEDED where it has passed */
export function timeLeftMs(deadlineAt: number): number {
  const left = deadlineAt - Date.now();
  if (left <= 0) throw deadlineExceeded('the deadline passed before the request was read');
  return left;
}
