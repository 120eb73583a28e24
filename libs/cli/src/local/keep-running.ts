import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage, unavailable } from '@cassl/errors';

/** A process that can be started again. */
export interface Runnable {
  /** Resolves when it serves. */
  ready(): Promise<void>;
  /** Resolves with how it ended: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
}

/** What happens to a process, for people. */
export type LifeEvent =
  | { readonly name: string; readonly what: 'ready'; readonly seconds: number }
  | { readonly name: string; readonly what: 'died'; readonly how: string; readonly againInMs: number };

export interface KeepRunningOptions<Process extends Runnable> {
  readonly name: string;
  readonly start: () => Promise<Process>;
  readonly onEvent: (event: LifeEvent) => void;
  /** Before the first start after a death; doubled for each that follows. @default 1000 */
  readonly firstWaitMs?: number;
}

export interface Kept<Process extends Runnable> {
  /** The one that runs, or ran last. */
  readonly current: Process;
  /** Settles as the first start does. */
  readonly ready: Promise<void>;
  /** Rejects when it is given up: it died again and again without having served for a minute in between. */
  readonly givenUp: Promise<never>;
  /** From now on its end is wanted; resolves once no start is under way. */
  letGo(): Promise<void>;
}

const LONGEST_WAIT_MS = 30_000;
const STEADY_MS = 60_000;
const MOST_DEATHS = 8;

/** Starts a process and, once it has served, starts it again whenever it dies. */
export async function keepRunning<Process extends Runnable>(
  options: KeepRunningOptions<Process>,
): Promise<Kept<Process>> {
  const { name, start, onEvent, firstWaitMs = 1000 } = options;
  const givenUp = Promise.withResolvers<never>();
  givenUp.promise.catch(() => undefined);
  const wanted = new AbortController();
  const beginning = performance.now();
  const firstStart = start();
  let starting = firstStart;
  let current = await firstStart;
  let readyAt = Infinity;

  const serve = async (startedAt: number): Promise<void> => {
    await current.ready();
    readyAt = performance.now();
    onEvent({ name, what: 'ready', seconds: (readyAt - startedAt) / 1000 });
  };
  const startOnce = async (): Promise<void> => {
    const startedAt = performance.now();
    starting = start();
    current = await starting;
    await serve(startedAt);
  };
  const startAgain = async (): Promise<void> => {
    for (let deaths = 1; ; deaths++) {
      const how = await current.ended;
      if (wanted.signal.aborted) return;
      if (performance.now() - readyAt > STEADY_MS) deaths = 1;
      if (deaths > MOST_DEATHS) throw unavailable(`${name} died ${deaths} times (${how})`);
      const againInMs = Math.min(firstWaitMs * 2 ** (deaths - 1), LONGEST_WAIT_MS);
      onEvent({ name, what: 'died', how, againInMs });
      await delay(againInMs, undefined, { signal: wanted.signal }).catch(() => undefined);
      if (wanted.signal.aborted) return;
      readyAt = Infinity;
      await startOnce().catch((error: unknown) => {
        // One that ended while it started is met again above; one that hangs or cannot be started at all is not.
        if (!wanted.signal.aborted && !/ended while it started/.test(errorMessage(error))) throw error;
      });
    }
  };

  const first = serve(beginning);
  first.then(startAgain).catch((error: unknown) => givenUp.reject(error as Error));
  return {
    get current() {
      return current;
    },
    ready: first,
    givenUp: givenUp.promise,
    async letGo() {
      wanted.abort();
      await starting.catch(() => undefined);
    },
  };
}
