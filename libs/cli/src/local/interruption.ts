import { cancelled } from '@cassl/errors';

export interface Interruption {
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** What to say or do at it, before whoever waits learns of it. */
  onSignal(act: () => void): void;
  /** Gives the signals back to the process. */
  end(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Ctrl-C as an abort: what runs is put away in order, and the process ends with `exitCode` (130 is what shells expect of an
 * interrupted command); a second one ends it at once.
 */
export function interruption({ exitCode = 130 }: { readonly exitCode?: number } = {}): Interruption {
  const aborted = new AbortController();
  const acts: (() => void)[] = [];
  const onSignal = (): void => {
    if (aborted.signal.aborted) process.exit(130);
    process.exitCode = exitCode;
    for (const act of acts) act();
    aborted.abort(cancelled('interrupted'));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: aborted.signal,
    onSignal: (act) => void acts.push(act),
    end() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
