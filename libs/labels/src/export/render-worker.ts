/** A thread behind `renderAhead`. */
import { parentPort } from 'node:worker_threads';
import { errorCode, errorMessage } from '@cassl/errors';
import type { RenderOutcome } from './render-ahead.ts';
import { unpackImages, type PackedImages } from './packed-images.ts';
import { renderImages, type RenderedImages } from './render-images.ts';

const port = parentPort!;

/** What a thread is asked. */
export type RenderTask = Omit<RenderedImages, 'images'> & { readonly images: PackedImages };

function render(task: RenderTask): RenderOutcome {
  try {
    return { pieces: renderImages({ ...task, images: unpackImages(task.images) }) };
  } catch (error) {
    return { code: errorCode(error), message: errorMessage(error) };
  }
}

port.on('message', (task: RenderTask) => {
  const outcome = render(task);
  port.postMessage(outcome, 'pieces' in outcome ? outcome.pieces.map(({ buffer }) => buffer) : []);
});
