import { setTimeout as delay } from 'node:timers/promises';

/** What `repeat` goes on doing. */
export interface Repeated {
  /** Runs the action at once, or again right after the run that is going on. */
  now(): void;
  /** Resolves once the signal has aborted and the last run has ended. */
  readonly done: Promise<void>;
}

/** Runs `action` now and then every so often, never twice at a time, until the signal aborts; what it throws goes to `onError`. */
export function repeat(
  action: () => Promise<void>,
  everyMs: number,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Repeated {
  let wake = new AbortController();
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      wake = new AbortController();
      await action().catch(onError);
      const awake = AbortSignal.any([wake.signal, signal]);
      // Ends with a pause that was cut short: that is what a wake-up is.
      await delay(everyMs, undefined, { signal: awake }).catch(() => undefined);
    }
  };
  return { now: () => wake.abort(), done: loop() };
}
