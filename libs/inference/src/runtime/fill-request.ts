import { invalidArgument } from '@cassl/errors';
import { readImageHeader } from '@cassl/vision';
import { MOST_DETECTIONS, USUAL_OPTIONS } from '@cassl/workers/inference-options';
import { DEFAULT_PRIORITY, LEAST_URGENT, type ImageInput, type InferRequest } from '../inference-request.ts';
import type { QueuedRequest } from './model-queue.ts';

/** Longer than timers count; nobody waits so long. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * Checks a request and fills what it leaves out; reads the header of an encoded image, so that the queue knows its pixels.
 * @throws INVALID_ARGUMENT naming the field, its value and its bound
 */
export async function fillRequest(request: InferRequest): Promise<QueuedRequest> {
  const { priority = DEFAULT_PRIORITY, timeoutMs = Infinity, signal, whenFull = 'refuse' } = request;
  const options = { ...USUAL_OPTIONS, ...request.options };
  checkRange('options.threshold', options.threshold, 0, 1);
  checkWhole('options.maxDetections', options.maxDetections, 1, MOST_DETECTIONS);
  checkWhole('priority', priority, 1, LEAST_URGENT);
  if (!(timeoutMs > 0)) throw invalidArgument(`timeoutMs must be above 0, got ${timeoutMs}`);
  const expiresAt = timeoutMs > FOREVER_MS ? Infinity : Date.now() + timeoutMs;
  const { image, bytes, pixels } = await measure(request.image);
  return { image, options, priority, expiresAt, signal, whenFull, load: { images: 1, bytes, pixels } };
}

/** An encoded image's header is read once and goes with it. */
async function measure(image: ImageInput): Promise<{ image: ImageInput; bytes: number; pixels: number }> {
  if (image.kind === 'encoded') {
    const header = image.header ?? (await readImageHeader(image.bytes));
    return { image: { ...image, header }, bytes: image.bytes.length, pixels: header.width * header.height };
  }
  const { width, height, data } = image;
  checkWhole('image.width', width, 1, 2 ** 16);
  checkWhole('image.height', height, 1, 2 ** 16);
  if (data.length !== width * height * 3) {
    throw invalidArgument(
      `image.data must have ${width} × ${height} × 3 = ${width * height * 3} bytes, got ${data.length}`,
    );
  }
  return { image, bytes: data.length, pixels: width * height };
}

function checkRange(field: string, value: number, low: number, high: number): void {
  if (!(value >= low && value < high)) {
    throw invalidArgument(`${field} must be in [${low}, ${high}), got ${value}`);
  }
}

function checkWhole(field: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw invalidArgument(`${field} must be a whole number in [${low}, ${high}], got ${value}`);
  }
}
