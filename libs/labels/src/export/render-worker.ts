/** A thread behind `renderAhead`. */
import { parentPort } from 'node:worker_threads';
import { errorCode, errorMessage } from '@cassl/errors';
import type { RenderOutcome } from './render-ahead.ts';
import { renderImages, type RenderedImages } from './render-images.ts';

const port = parentPort!;

function render(images: RenderedImages): RenderOutcome {
  try {
    return { pieces: renderImages(images) };
  } catch (error) {
    return { code: errorCode(error), message: errorMessage(error) };
  }
}

port.on('message', (images: RenderedImages) => {
  const outcome = render(images);
  port.postMessage(outcome, 'pieces' in outcome ? outcome.pieces.map(({ buffer }) => buffer) : []);
});
