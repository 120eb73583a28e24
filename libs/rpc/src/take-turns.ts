import { resourceExhausted } from '@cassl/errors';

export interface TakeTurnsOptions {
  /** What takes turns, for messages: "checks of pipelines". */
  readonly what: string;
  readonly atOnce: number;
  /** Who may wait; one more is refused at once. */
  readonly waiting: number;
}

/**
 * Lets `atOnce` callers at a time do something dear, the others in the order in which they came.
 * @throws RESOURCE_EXHAUSTED where too many wait; the signal's reason where the caller leaves first
 */
export function takeTurns({
  what,
  atOnce,
  waiting,
}: TakeTurnsOptions): <Result>(signal: AbortSignal, run: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const line: (() => void)[] = [];
  const turn = async (signal: AbortSignal): Promise<void> => {
    if (running < atOnce) return void running++;
    if (line.length >= waiting)
      throw resourceExhausted(`${atOnce} ${what} are running and ${waiting} wait: ask again later`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      const place = line.indexOf(resolve);
      // Its turn has just come: it goes on, and sees for itself that nobody waits.
      if (place < 0) return;
      line.splice(place, 1);
      reject(signal.reason as Error);
    };
    line.push(resolve);
    signal.addEventListener('abort', leave, { once: true });
    // Whoever ends hands its turn over: `running` stays as it is.
    await promise.finally(() => signal.removeEventListener('abort', leave));
  };
  return async (signal, run) => {
    signal.throwIfAborted();
    await turn(signal);
    try {
      return await run();
    } finally {
      const next = line.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
