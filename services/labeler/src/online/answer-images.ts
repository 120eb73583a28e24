import {
  CasslError,
  errorCode,
  errorMessage,
  invalidArgument,
  isCasslError,
  type ErrorCode,
} from '@cassl/errors';
import type { Image, ImageDetections } from '@cassl/proto';
import type { InferenceOptions } from '@cassl/workers';
import { assertAgnostic, type FindCheckpoint } from '../find-checkpoint.ts';

import { imageKey, readImageSource } from './read-image-source.ts';
import type { Inference } from './run-inference.ts';
import { toImageDetections } from './to-proto.ts';

export interface AnswerContext {
  readonly inference: Inference;
  readonly findCheckpoint: FindCheckpoint;
  /** Labels: only class-agnostic checkpoints will do. */
  readonly isAgnostic: boolean;
}

export interface ImageQuestion {
  readonly checkpoint: string;
  readonly image: Image | undefined;
  readonly options: InferenceOptions;
}

/** Detects in one image. @throws INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION for what the caller can mend */
export async function answerImage(
  context: AnswerContext,
  question: ImageQuestion,
  position = 0,
): Promise<ImageDetections> {
  const answer = await answerOrError(context, question, position);
  if (answer.error !== undefined) {
    throw new CasslError(answer.error.code as ErrorCode, `image ${answer.key}: ${answer.error.message}`);
  }
  return answer;
}

/** The same for a stream: a bad image gets an error answer; a bad checkpoint still throws. */
export async function answerOrError(
  { inference, findCheckpoint, isAgnostic }: AnswerContext,
  { checkpoint: reference, image, options }: ImageQuestion,
  position: number,
): Promise<ImageDetections> {
  const found = await findCheckpoint(reference);
  if (isAgnostic) assertAgnostic(found);
  const { checkpoint, path } = found;
  const { digest } = checkpoint;
  const key = imageKey(image, position);
  let bytes: Uint8Array;
  try {
    bytes = await readImageSource(image);
  } catch (error) {
    if (!isCasslError(error)) throw error;
    const { code, message } = { code: errorCode(error), message: errorMessage(error) };
    return { key, width: 0, height: 0, detections: [], error: { code, message }, checkpointDigest: digest };
  }
  const result = await inference.detect({ checkpoint, path, options, image: bytes });
  return toImageDetections(key, digest, checkpoint.manifest?.categories ?? [], result);
}

/** The most images of one stream that are worked on at the same time: enough to fill a batch. */
const STREAM_WINDOW = 32;

/**
 * Answers a stream in order and as soon as it can, working on several images at once.
 * @throws INVALID_ARGUMENT when the first message names no checkpoint
 */
export async function* answerStream(
  context: AnswerContext,
  questions: AsyncIterable<ImageQuestion>,
): AsyncGenerator<ImageDetections> {
  const pending: Promise<ImageDetections>[] = [];
  let changed = Promise.withResolvers<void>();
  const state = { hasEnded: false, isAbandoned: false };
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const read = async (): Promise<void> => {
    let checkpoint = '';
    let position = 0;
    for await (const question of questions) {
      checkpoint = question.checkpoint === '' ? checkpoint : question.checkpoint;
      if (checkpoint === '') throw invalidArgument('the first message of a stream must name a checkpoint');
      const answer = answerOrError(context, { ...question, checkpoint }, position++);
      // Awaited in its turn; until then a rejection must not count as unhandled.
      answer.catch(() => undefined);
      pending.push(answer);
      tell();
      while (pending.length >= STREAM_WINDOW && !state.isAbandoned) await changed.promise;
      if (state.isAbandoned) return;
    }
  };
  const reading = read().finally(() => {
    state.hasEnded = true;
    tell();
  });
  reading.catch(() => undefined);
  try {
    for (;;) {
      const answer = pending.shift();
      if (answer !== undefined) {
        tell();
        yield await answer;
      } else if (state.hasEnded) {
        return await reading;
      } else {
        await changed.promise;
      }
    }
  } finally {
    state.isAbandoned = true;
    tell();
  }
}
