import { cancelled, deadlineExceeded } from '@cassl/errors';

/** Calls `onEnd` once when the caller goes away or its deadline passes; what it returns stops watching. */
export function waitForEnd(
  { signal, expiresAt }: { readonly signal: AbortSignal | undefined; readonly expiresAt: number },
  lateMessage: string,
  onEnd: (error: Error) => void,
): () => void {
  const onAbort = (): void => onEnd(cancelled('the caller has gone away'));
  const timer =
    expiresAt === Infinity
      ? undefined
      : setTimeout(() => onEnd(deadlineExceeded(lateMessage)), Math.max(0, expiresAt - Date.now()));
  signal?.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
}
