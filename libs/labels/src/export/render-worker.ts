/** A thread behind `renderAhead`. */
import { parentPort } from 'node:worker_threads';
import { errorCode, errorMessage } from '@cassl/errors';
import { unpackImages } from './packed-images.ts';
import type { RenderOutcome, RenderTask } from './render-ahead.ts';
import { renderImages } from './render-images.ts';

const port = parentPort!;

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
