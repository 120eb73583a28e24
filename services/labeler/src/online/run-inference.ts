import { join } from 'node:path';
import { CasslError, resourceExhausted, unavailable, type ErrorCode } from '@cassl/errors';
import type { Checkpoint } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import { startWorkerProcess, type InferenceOptions, type WorkerProcess } from '@cassl/workers';
import type { InferenceAnswer, InferenceRequest, InferenceResult } from './inference-messages.ts';

export interface InferenceJob {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  readonly options: InferenceOptions;
  readonly image: Uint8Array;
}

export interface Inference {
  /** @throws RESOURCE_EXHAUSTED when too many images wait, FAILED_PRECONDITION when the checkpoint cannot detect */
  detect(job: InferenceJob): Promise<InferenceResult>;
  stop(): Promise<void>;
}

export interface InferenceSettings {
  readonly logger: Logger;
  readonly batchSize: number;
  readonly batchWaitMs: number;
  readonly maxQueuedImages: number;
}

interface Waiting extends InferenceJob {
  readonly resolve: (result: InferenceResult) => void;
  readonly reject: (error: unknown) => void;
  /** A worker died on it once; the next death is its own fault. */
  readonly isRetried: boolean;
}

const WORKER = join(import.meta.dirname, 'inference-worker.ts');

/**
 * Coalesces images that ask for the same into batches for one resident worker process, so that the RPC process always
 * answers. A worker that dies is started again and its batch is tried once more.
 */
export function runInference({
  logger,
  batchSize,
  batchWaitMs,
  maxQueuedImages,
}: InferenceSettings): Inference {
  const queue: Waiting[] = [];
  let worker: WorkerProcess | undefined;
  let running: { readonly id: number; readonly batch: readonly Waiting[] } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let nextId = 1;
  let isStopped = false;

  const startWorker = (): WorkerProcess => {
    const started = startWorkerProcess({
      entry: WORKER,
      onMessage: (message) => finish(message as InferenceAnswer),
    });
    void started.exited.then((exit) => {
      if (worker === started) worker = undefined;
      const lost = running?.batch ?? [];
      running = undefined;
      if (isStopped) return;
      logger.warn({ exit, images: lost.length }, 'the inference worker died');
      for (const waiting of lost) {
        if (waiting.isRetried) waiting.reject(unavailable('the inference worker died twice on this image'));
        else queue.unshift({ ...waiting, isRetried: true });
      }
      pump();
    });
    return started;
  };

  const finish = (answer: InferenceAnswer): void => {
    if (running?.id !== answer.id) return;
    const { batch } = running;
    running = undefined;
    batch.forEach((waiting, index) => {
      if ('results' in answer) {
        const result = answer.results[index];
        if (result === undefined) waiting.reject(unavailable('the inference worker lost an image'));
        else waiting.resolve(result);
      } else {
        waiting.reject(new CasslError(answer.code as ErrorCode, answer.message));
      }
    });
    pump();
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const [first] = queue;
    if (first === undefined || running !== undefined || isStopped) return;
    const batch: Waiting[] = [];
    for (let index = 0; index < queue.length && batch.length < batchSize;) {
      const waiting = queue[index];
      if (waiting !== undefined && isAlike(first, waiting)) batch.push(...queue.splice(index, 1));
      else index += 1;
    }
    worker ??= startWorker();
    const { checkpoint, path, options } = first;
    const request: InferenceRequest = {
      id: nextId++,
      checkpoint,
      path,
      options,
      images: batch.map(({ image }) => image),
    };
    running = { id: request.id, batch };
    worker.send(request);
  };

  return {
    detect: (job) =>
      new Promise((resolve, reject) => {
        if (isStopped) return reject(unavailable('the labeler is stopping; try again'));
        if (queue.length >= maxQueuedImages) {
          return reject(
            resourceExhausted(`${queue.length} images wait for inference, the most allowed; try again later`),
          );
        }
        queue.push({ ...job, resolve, reject, isRetried: false });
        if (queue.length >= batchSize) pump();
        else timer ??= setTimeout(pump, batchWaitMs);
      }),
    async stop() {
      isStopped = true;
      for (const { reject } of queue.splice(0)) reject(unavailable('the labeler is stopping; try again'));
      await worker?.stop();
    },
  };
}

function isAlike(a: InferenceJob, b: InferenceJob): boolean {
  return (
    a.checkpoint.digest === b.checkpoint.digest &&
    a.options.threshold === b.options.threshold &&
    a.options.maxDetections === b.options.maxDetections &&
    a.options.masks === b.options.masks &&
    a.options.nonOverlap === b.options.nonOverlap
  );
}
