import { Worker } from 'node:worker_threads';
import { CasslError, internal, type ErrorCode } from '@cassl/errors';
import { writeSmallFile, type SmallFile } from './write-small-file.ts';

/** What the thread answers to each batch. */
export type BatchOutcome =
  | { readonly isWritten: true }
  | { readonly isWritten: false; readonly code: string; readonly message: string };

const BATCH = 256;
/** Batches on the way to the thread and not written yet. */
const AHEAD = 8;

/** Writes many small files and links on a thread of its own: half of an export's time, beside the other half. */
export interface SmallFiles {
  /** Waits while the thread is behind. @throws what a file before this one could not be written for */
  add(file: SmallFile): Promise<void>;
  /** @throws as `add` */
  flush(): Promise<void>;
  /** Ends the thread; what was not flushed may be missing. */
  close(): Promise<void>;
}

export function openSmallFiles(): SmallFiles {
  let worker: Worker | undefined;
  let batch: SmallFile[] = [];
  let underWay = 0;
  let failure: Error | undefined;
  let wake = Promise.withResolvers<void>();
  const start = (): Worker => {
    const started = new Worker(new URL('./small-files-worker.ts', import.meta.url));
    const settle = (error?: Error): void => {
      underWay -= 1;
      failure ??= error;
      wake.resolve();
      wake = Promise.withResolvers();
    };
    started.on('message', (outcome: BatchOutcome) =>
      settle(outcome.isWritten ? undefined : new CasslError(outcome.code as ErrorCode, outcome.message)),
    );
    started.on('error', (error) => settle(error instanceof Error ? error : internal(String(error))));
    return started;
  };
  const settled = async (most: number): Promise<void> => {
    while (underWay > most && failure === undefined) await wake.promise;
    if (failure !== undefined) throw failure;
  };
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    worker ??= start();
    underWay += 1;
    worker.postMessage(batch);
    batch = [];
    await settled(AHEAD);
  };
  return {
    async add(file) {
      batch.push(file);
      if (batch.length >= BATCH) await send();
    },
    async flush() {
      // So few that a thread is not worth its start.
      if (worker === undefined) for (const file of batch.splice(0)) writeSmallFile(file);
      await send();
      await settled(0);
    },
    async close() {
      await worker?.terminate();
    },
  };
}
