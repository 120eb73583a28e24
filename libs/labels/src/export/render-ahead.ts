import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { CasslError, internal, type ErrorCode } from '@cassl/errors';
import type { LabeledRow } from '../file/label-row.ts';
import type { ExportContext } from './export-piece.ts';
import { packImages, type PackedImages } from './packed-images.ts';
import { renderImages, type RenderedFormat, type RenderedImages } from './render-images.ts';

/** What a thread is asked: a batch. */
export type RenderTask = Omit<RenderedImages, 'images'> & { readonly images: PackedImages };

/** What a thread answers to each batch. */
export type RenderOutcome =
  | { readonly pieces: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly code: string; readonly message: string };

/** A hundred large masks an image and more may be among them. */
const BATCH = 16;
/** Beside the one that reads the labels, which keeps about half a core busy. */
const THREADS = Math.min(4, availableParallelism());
/** Batches that may wait for their turn: one in work and one to go on with for each thread. */
const AHEAD = 2 * THREADS;

/** The text of all images in order, as UTF-8, made on threads of its own; what fits one batch is made here, without any. */
export async function* renderAhead(
  { images, className }: ExportContext,
  format: RenderedFormat,
): AsyncGenerator<Uint8Array> {
  const threads: RenderThread[] = [];
  const underWay: Promise<readonly Uint8Array[]>[] = [];
  let first = 0;
  let turn = 0;
  const send = (batch: readonly LabeledRow[]): void => {
    if (threads.length < THREADS) threads.push(openRenderThread());
    const pieces = threads[turn++ % threads.length]!.render({
      format,
      className,
      first,
      images: packImages(batch),
    });
    // Whoever waits for its turn hears of it.
    pieces.catch(() => undefined);
    underWay.push(pieces);
    first += batch.length;
  };
  try {
    let batch: LabeledRow[] = [];
    for await (const image of images) {
      if (batch.length === BATCH) {
        send(batch);
        batch = [];
        if (underWay.length > AHEAD) yield* await underWay.shift()!;
      }
      batch.push(image);
    }
    if (first === 0) yield* renderImages({ format, className, first, images: batch });
    else send(batch);
    for (const pieces of underWay) yield* await pieces;
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}

interface RenderThread {
  /** Answers come in the order of the questions. */
  render(task: RenderTask): Promise<readonly Uint8Array[]>;
  close(): Promise<unknown>;
}

function openRenderThread(): RenderThread {
  const worker = new Worker(new URL('./render-worker.ts', import.meta.url));
  const asked: PromiseWithResolvers<readonly Uint8Array[]>[] = [];
  let failure: Error | undefined;
  worker.on('message', (outcome: RenderOutcome) => {
    const question = asked.shift();
    if ('pieces' in outcome) question?.resolve(outcome.pieces);
    else question?.reject(new CasslError(outcome.code as ErrorCode, outcome.message));
  });
  worker.on('error', (error) => {
    failure = error instanceof Error ? error : internal(String(error));
    for (const { reject } of asked.splice(0)) reject(failure);
  });
  return {
    async render(task) {
      if (failure !== undefined) throw failure;
      const question = Promise.withResolvers<readonly Uint8Array[]>();
      asked.push(question);
      worker.postMessage(task, [task.images.numbers.buffer]);
      return question.promise;
    },
    close: () => worker.terminate(),
  };
}
