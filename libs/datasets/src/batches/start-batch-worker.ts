import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CasslError, internal, type ErrorCode } from '@cassl/errors';
import type { DropReport } from '../drop-report.ts';
import type { AugmentPolicy } from '../augment/create-augmentation.ts';
import type { CreateBatchesOptions } from './create-batches.ts';

/** What turns samples into the batch that a training step reads, inside the worker thread. */
export interface PrepareStep {
  /** Module URL, for example `import.meta.resolve('@cassl/detector/prepare-batch')`. */
  readonly module: string;
  /** An exported function (config, samples) => plain data with typed arrays. */
  readonly function: string;
  /** Its first argument: plain data. */
  readonly config: unknown;
}

export interface StartBatchWorkerOptions extends Omit<CreateBatchesOptions, 'augment'> {
  readonly augment: AugmentPolicy;
  readonly prepare: PrepareStep;
  /** Index of the first batch. @default 0 */
  readonly start?: number | undefined;
  /** Prepared batches that wait at most. @default 3 */
  readonly prefetch?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PreparedBatch<Batch> {
  readonly index: number;
  readonly batch: Batch;
  /** Images found unreadable so far. */
  readonly report: DropReport;
}

/** Messages from the thread. */
export type WorkerMessage =
  | { readonly kind: 'batch'; readonly index: number; readonly batch: unknown; readonly report: DropReport }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message: string };

/**
 * Loads, augments and prepares batches in a thread of their own, ahead of the training step, and moves their buffers
 * here without a copy. Endless: leave the loop, call `return()` or abort the signal to stop the thread.
 * @throws what `createBatches` and the prepare function throw, from the loop.
 */
export async function* startBatchWorker<Batch>(
  options: StartBatchWorkerOptions,
): AsyncGenerator<PreparedBatch<Batch>, void> {
  const { signal, ...workerData } = options;
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./batch-worker.ts', import.meta.url), { workerData });
  const failed = new AbortController();
  worker.once('exit', (code) => failed.abort(internal(`batch worker: the thread ended with code ${code}`)));
  worker.once('error', (error) => failed.abort(error));
  const stop = AbortSignal.any(signal === undefined ? [failed.signal] : [failed.signal, signal]);
  try {
    // `on` buffers what arrives between two reads; the thread sends no more than `prefetch` ahead.
    for await (const [message] of on(worker, 'message', { signal: stop }) as AsyncIterable<[WorkerMessage]>) {
      if (message.kind === 'error') throw new CasslError(message.code, message.message);
      const { index, batch, report } = message;
      yield { index, batch: batch as Batch, report };
      worker.postMessage('consumed');
    }
  } catch (error) {
    throw stop.aborted && !(error instanceof CasslError) ? (stop.reason as Error) : error;
  } finally {
    worker.removeAllListeners();
    await worker.terminate();
  }
}
