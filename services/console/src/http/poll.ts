import { setTimeout as delay } from 'node:timers/promises';

/** Asks again and again, and yields an answer whenever it differs from the one before; ends with the signal. */
export async function* poll<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): AsyncGenerator<T> {
  let last = '';
  while (!signal.aborted) {
    const answer = await ask(signal);
    const text = JSON.stringify(answer);
    if (text !== last) yield answer;
    last = text;
    await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
