import { CasslError, internal, type ErrorCode } from '@cassl/errors';
import type { Task, WorkPlace } from './work-place.ts';

/** How a worker says why it ends: its last message. */
interface WorkerFailure {
  readonly type: 'failed';
  readonly code: ErrorCode;
  readonly message: string;
}

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
    onMessage(raw) {
      const message = raw as Message | WorkerFailure;
      if (isFailure(message)) failure = message;
      else onMessage(message);
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

function isFailure(message: unknown): message is WorkerFailure {
  return typeof message === 'object' && message !== null && (message as WorkerFailure).type === 'failed';
}
