import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { internal } from '@cassl/errors';
import type { ExportContext, ExportImage } from './export-piece.ts';
import { renderImages, type RenderedFormat, type RenderedImages } from './render-images.ts';

/** A hundred large masks an image and more may be among them. */
const BATCH = 16;
/** Beside the one that reads the labels. */
const THREADS = Math.min(4, Math.max(1, availableParallelism() - 1));
/** Batches that may wait for their turn: one in work and one to go on with for each thread. */
const AHEAD = 2 * THREADS;

/** The text of all images in order, made on threads of its own; what fits one batch is made here, without any. */
export async function* renderAhead(
  { images, className }: ExportContext,
  format: RenderedFormat,
): AsyncGenerator<string> {
  const threads: RenderThread[] = [];
  const underWay: Promise<readonly string[]>[] = [];
  let first = 0;
  let turn = 0;
  const send = (batch: readonly ExportImage[]): void => {
    if (threads.length < THREADS) threads.push(openRenderThread());
    const texts = threads[turn++ % threads.length]!.render({ format, className, first, images: batch });
    // Whoever waits for its turn hears of it.
    texts.catch(() => undefined);
    underWay.push(texts);
    first += batch.length;
  };
  try {
    let batch: ExportImage[] = [];
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
    for (const texts of underWay) yield* await texts;
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}

interface RenderThread {
  /** Answers come in the order of the questions. */
  render(images: RenderedImages): Promise<readonly string[]>;
  close(): Promise<unknown>;
}

function openRenderThread(): RenderThread {
  const worker = new Worker(new URL('./render-worker.ts', import.meta.url));
  const asked: PromiseWithResolvers<readonly string[]>[] = [];
  let failure: Error | undefined;
  worker.on('message', (texts: readonly string[]) => asked.shift()?.resolve(texts));
  worker.on('error', (error) => {
    failure = error instanceof Error ? error : internal(String(error));
    for (const { reject } of asked.splice(0)) reject(failure);
  });
  return {
    async render(images) {
      if (failure !== undefined) throw failure;
      const question = Promise.withResolvers<readonly string[]>();
      asked.push(question);
      worker.postMessage(images);
      return question.promise;
    },
    close: () => worker.terminate(),
  };
}
