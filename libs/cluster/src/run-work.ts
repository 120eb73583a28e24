import { CasslError, internal } from '@cassl/errors';
import { traceEnvironment } from '@cassl/telemetry';
import { isWorkerFailure, type WorkerFailure } from '@cassl/workers';
import type { Task, WorkPlace } from './work-place.ts';

export interface RunWorkOptions<Message> extends Omit<Task, 'onMessage'> {
  readonly place: WorkPlace;
  readonly onMessage: (message: Message) => void;
  /** Aborted: the work is stopped, or left running where `isLeft` says that another leader goes on with it. */
  readonly signal: AbortSignal;
  readonly isLeft?: (reason: unknown) => boolean;
}

/**
 * Runs one task to its end.
 * @throws what the worker said; INTERNAL where it died without a word; the signal's reason where it was stopped or left
 */
export async function runWork<Message>(options: RunWorkOptions<Message>): Promise<void> {
  const { place, onMessage, signal, isLeft = () => false, ...task } = options;
  signal.throwIfAborted();
  let failure: WorkerFailure | undefined;
  const work = await place.start({
    ...task,
    env: { ...traceEnvironment(), ...task.env },
    onMessage(raw) {
      failure = isWorkerFailure(raw) ? raw : undefined;
      if (failure === undefined) onMessage(raw as Message);
    },
  });
  const stop = (): void => void (isLeft(signal.reason) ? work.leave() : work.stop()).catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const { outcome, reason } = await work.ended;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (outcome === 'succeeded') return;
  if (failure !== undefined) throw new CasslError(failure.code, failure.message);
  const words = await work.lastLines(3);
  throw internal(`${reason}${words.length > 0 ? `; last words: ${words.join(' | ').slice(-500)}` : ''}`);
}
