import { CasslError, type ErrorCode } from '@cassl/errors';
import { Worker } from 'node:worker_threads';
import type { FillTask } from './fill-columns.ts';
import { createColumns, type SetColumns } from './set-columns.ts';

/** A look at every image of a set that goes on in the background. */
export interface SetScan {
  readonly columns: SetColumns;
  /** Why it ended early; undefined while nothing is wrong. */
  error(): Error | undefined;
  stop(): void;
}

/** What the thread says when it cannot go on. */
export interface ScanFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Starts it; what asks meanwhile sees how far it is. */
export function scanSet(what: Omit<FillTask, 'columns'>, images: number): SetScan {
  const columns = createColumns(images);
  const task: FillTask = { ...what, columns };
  const worker = new Worker(new URL('./fill-columns.worker.ts', import.meta.url), { workerData: task });
  // A console that stops does not wait for it.
  worker.unref();
  let failure: Error | undefined;
  worker.on('message', ({ code, message }: ScanFailure) => (failure = new CasslError(code, message)));
  worker.on('error', (error) => (failure = error instanceof Error ? error : new Error(String(error))));
  return { columns, error: () => failure, stop: () => void worker.terminate() };
}
