import { CasslError, invalidArgument, isCasslError, type ErrorCode } from '@cassl/errors';
import type { FoundModel, InferenceRuntime } from '@cassl/inference';
import type { Image, ImageDetections } from '@cassl/proto';
import type { InferenceOptions } from '@cassl/workers';
import { assertAgnosticModel } from '../find-checkpoint.ts';
import { answerInOrder, shareHold } from './answer-in-order.ts';
import { imageKey, readImageSource } from './read-image-source.ts';
import { timeLeftMs } from './time-left.ts';
import { toFailedImage, toImageDetections } from './to-proto.ts';

export interface AnswerContext {
  readonly inference: Pick<InferenceRuntime, 'find' | 'infer'>;
  /** Labels: only class-agnostic checkpoints will do. */
  readonly isAgnostic: boolean;
}

export interface ImageRequest {
  readonly checkpoint: string;
  readonly image: Image | undefined;
  readonly options: InferenceOptions;
  /** 1 to 9, 1 first; 0 for the usual. */
  readonly priority: number;
}

/** Whoever asked. */
export interface Caller {
  /** Aborts when it has gone away. */
  readonly signal: AbortSignal;
  /** Unix time in milliseconds when it stops waiting. */
  readonly deadlineAt: number;
  /** `x-cassl-canary` names the model on trial that it wants. */
  readonly metadata: { get(name: 'x-cassl-canary'): string | undefined };
}

/** Detects in one image. @throws INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION for what the caller can mend */
export async function answerImage(
  context: AnswerContext,
  request: ImageRequest,
  caller: Caller,
): Promise<ImageDetections> {
  const key = imageKey(request.image, 0);
  try {
    return await ask(context, request, { key, caller, whenFull: 'refuse' });
  } catch (error) {
    if (!isCasslError(error)) throw error;
    throw new CasslError(error.code, `image ${key}: ${error.message}`, { cause: error });
  }
}

/** The same for a stream: a bad image gets an error answer; a bad checkpoint still throws. It waits where the queue is full. */
async function answerOrError(
  context: AnswerContext,
  request: ImageRequest,
  position: number,
  caller: Caller,
): Promise<ImageDetections> {
  const key = imageKey(request.image, position);
  const { digest } = await findModel(context, request.checkpoint, caller);
  try {
    return await ask(context, request, { key, caller, whenFull: 'wait' });
  } catch (error) {
    if (!isCasslError(error) || !IMAGE_FAULTS.has(error.code)) throw error;
    return toFailedImage(key, digest, { code: error.code, message: error.message });
  }
}

/** What can be wrong with one image of a stream; anything else ends it. */
const IMAGE_FAULTS: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED']);

async function ask(
  context: AnswerContext,
  { checkpoint, image, options, priority }: ImageRequest,
  { key, caller, whenFull }: { key: string; caller: Caller; whenFull: 'refuse' | 'wait' },
): Promise<ImageDetections> {
  await findModel(context, checkpoint, caller);
  const bytes = await readImageSource(image);
  const { signal, deadlineAt, metadata } = caller;
  const timeoutMs = timeLeftMs(deadlineAt);
  const canary = metadata.get('x-cassl-canary');
  const answer = await context.inference.infer({
    model: checkpoint,
    image: { kind: 'encoded', bytes },
    options,
    whenFull,
    timeoutMs,
    signal,
    ...(priority === 0 ? {} : { priority }),
    ...(canary === undefined ? {} : { canary }),
  });
  return toImageDetections(key, answer);
}

async function findModel(
  { inference, isAgnostic }: AnswerContext,
  reference: string,
  { signal }: Caller,
): Promise<FoundModel> {
  const found = await inference.find(reference, signal);
  if (isAgnostic) assertAgnosticModel(found);
  return found;
}

/**
 * Answers a stream in order and as soon as it can, working on several images at once. A slow reader holds its stream back:
 * nothing more is read while `WINDOW` answers are under way or unread.
 * @throws INVALID_ARGUMENT when the first message names no checkpoint
 */
export async function* answerStream(
  context: AnswerContext,
  requests: AsyncIterable<ImageRequest>,
  caller: Caller,
): AsyncGenerator<ImageDetections> {
  // Whoever leaves the stream, by an error or by going away, wants no more of its images computed.
  const left = new AbortController();
  const inside = { ...caller, signal: AbortSignal.any([caller.signal, left.signal]) };
  let checkpoint = '';
  let position = 0;
  const answer = (request: ImageRequest): Promise<ImageDetections> => {
    checkpoint = request.checkpoint === '' ? checkpoint : request.checkpoint;
    if (checkpoint === '') throw invalidArgument('the first message of a stream must name a checkpoint');
    return answerOrError(context, { ...request, checkpoint }, position++, inside);
  };
  try {
    yield* answerInOrder(requests, (request) => ({ answers: [answer(request)], bytes: 0 }), WINDOW);
  } finally {
    left.abort();
  }
}

/** Two forward passes of the default size. More would only lengthen the queue, and answers that a slow reader leaves lie in memory. */
const WINDOW = {
  answers: 16,
  bytes: Infinity,
  together: shareHold({ bytes: Infinity, answers: 512 }),
};
