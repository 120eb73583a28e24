import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CasslError, internal, type ErrorCode } from '@cassl/errors';
import type { AugmentPolicy } from '../augment/create-augmentation.ts';
import type { CreateBatchesOptions } from './create-batches.ts';
import type { UnreadableImage } from './unreadable-images.ts';

/** What turns samples into the batch that a training step reads, inside the worker thread. */
export interface PrepareStep {
  /** Module URL, for example `import.meta.resolve('@cassl/detector/prepare-batch')`. */
  readonly module: string;
  /** An exported function (config, samples, agreement) => plain data with typed arrays. */
  readonly function: string;
  /**
   * An exported function (config, samples) => plain data: what `agree` is told of the samples before they are prepared, where
   * processes share a batch.
   */
  readonly survey?: string;
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
  /**
   * Turns a batch's survey into the agreement that its preparation gets. Called for every batch in order, at the same point of
   * every process's loop: while batch i is asked for, of those up to i + prefetch - 2.
   */
  readonly agree?: ((survey: unknown) => unknown) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PreparedBatch<Batch> {
  readonly index: number;
  readonly batch: Batch;
  /** Images with something to learn from. */
  readonly imageCount: number;
  /** Images found unreadable since the batch before. */
  readonly unreadable: readonly UnreadableImage[];
}

/** Messages from the thread. */
export type WorkerMessage =
  | ({ readonly kind: 'batch' } & PreparedBatch<unknown>)
  | { readonly kind: 'survey'; readonly index: number; readonly survey: unknown }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly message: string };

/** Messages to it. */
export type MessageToWorker =
  | { readonly kind: 'consumed' }
  | { readonly kind: 'agreed'; readonly index: number; readonly agreement: unknown };

/**
 * Loads, augments and prepares batches in a thread of their own, ahead of the training step, and moves their buffers
 * here without a copy. Endless: leave the loop, call `return()` or abort the signal to stop the thread.
 * @throws what `createBatches` and the prepare function throw, from the loop.
 */
export async function* startBatchWorker<Batch>(
  options: StartBatchWorkerOptions,
): AsyncGenerator<PreparedBatch<Batch>, void> {
  const { signal, agree, ...workerData } = options;
  const { start = 0, prefetch = 3 } = options;
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./batch-worker.ts', import.meta.url), { workerData });
  const failed = new AbortController();
  worker.once('exit', (code) => failed.abort(internal(`batch worker: the thread ended with code ${code}`)));
  worker.once('error', (error) => failed.abort(error));
  const stop = AbortSignal.any(signal === undefined ? [failed.signal] : [failed.signal, signal]);
  const send = (message: MessageToWorker): void => worker.postMessage(message);
  // `on` buffers what arrives between two reads; the thread sends no more than `prefetch` ahead.
  const messages = on(worker, 'message', { signal: stop });
  const surveys = new Map<number, unknown>();
  const batches = new Map<number, PreparedBatch<Batch>>();
  const receive = async (): Promise<void> => {
    const { value } = (await messages.next()) as { value: [WorkerMessage] };
    const [message] = value;
    if (message.kind === 'error') throw new CasslError(message.code, message.message);
    if (message.kind === 'survey') surveys.set(message.index, message.survey);
    else batches.set(message.index, message as PreparedBatch<Batch>);
  };
  try {
    let agreed = start;
    for (let index = start; ; index++) {
      for (; agree !== undefined && agreed < index + Math.max(1, prefetch - 1); agreed++) {
        while (!surveys.has(agreed)) await receive();
        send({ kind: 'agreed', index: agreed, agreement: agree(surveys.get(agreed)) });
        surveys.delete(agreed);
      }
      while (!batches.has(index)) await receive();
      const { batch, imageCount, unreadable } = batches.get(index)!;
      batches.delete(index);
      yield { index, batch, imageCount, unreadable };
      send({ kind: 'consumed' });
    }
  } catch (error) {
    throw stop.aborted && !(error instanceof CasslError) ? (stop.reason as Error) : error;
  } finally {
    worker.removeAllListeners();
    await worker.terminate();
  }
}
