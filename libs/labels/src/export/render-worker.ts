/** A thread behind `renderAhead`. */
import { parentPort } from 'node:worker_threads';
import { renderImages, type RenderedImages } from './render-images.ts';

const port = parentPort!;
port.on('message', (images: RenderedImages) => port.postMessage(renderImages(images)));
