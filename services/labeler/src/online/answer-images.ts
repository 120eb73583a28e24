import { CasslError, invalidArgument, isCasslError, type ErrorCode } from '@cassl/errors';
import type { FoundModel, InferenceRuntime } from '@cassl/inference';
import type { Image, ImageDetections } from '@cassl/proto';
import type { InferenceOptions } from '@cassl/workers';
import { assertAgnosticModel } from '../find-checkpoint.ts';
import { imageKey, readImageSource } from './read-image-source.ts';
import { toFailedImage, toImageDetections } from './to-proto.ts';

export interface AnswerContext {
  readonly inference: Pick<InferenceRuntime, 'find' | 'infer'>;
  /** Labels: only class-agnostic checkpoints will do. */
  readonly isAgnostic: boolean;
}

export interface ImageQuestion {
  readonly checkpoint: string;
  readonly image: Image | undefined;
  readonly options: InferenceOptions;
  /** 1 to 9, 1 first; 0 for the usual. */
  readonly priority: number;
}

/** Whoever asked: gone when `signal` aborts. */
export interface Caller {
  readonly signal: AbortSignal;
}

/** Detects in one image. @throws INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION for what the caller can mend */
export async function answerImage(
  context: AnswerContext,
  question: ImageQuestion,
  caller: Caller,
): Promise<ImageDetections> {
  const key = imageKey(question.image, 0);
  try {
    return await ask(context, question, { key, caller, whenFull: 'refuse' });
  } catch (error) {
    if (!isCasslError(error)) throw error;
    throw new CasslError(error.code, `image ${key}: ${error.message}`, { cause: error });
  }
}

/** The same for a stream: a bad image gets an error answer; a bad checkpoint still throws. It waits where the queue is full. */
async function answerOrError(
  context: AnswerContext,
  question: ImageQuestion,
  position: number,
  caller: Caller,
): Promise<ImageDetections> {
  const key = imageKey(question.image, position);
  const { digest } = await findModel(context, question.checkpoint, caller);
  try {
    return await ask(context, question, { key, caller, whenFull: 'wait' });
  } catch (error) {
    if (!isCasslError(error) || !IMAGE_FAULTS.has(error.code)) throw error;
    return toFailedImage(key, digest, { code: error.code, message: error.message });
  }
}

/** What can be wrong with one image of a stream; anything else ends it. */
const IMAGE_FAULTS: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED']);

async function ask(
  context: AnswerContext,
  { checkpoint, image, options, priority }: ImageQuestion,
  { key, caller, whenFull }: { key: string; caller: Caller; whenFull: 'refuse' | 'wait' },
): Promise<ImageDetections> {
  await findModel(context, checkpoint, caller);
  const answer = await context.inference.infer({
    model: checkpoint,
    image: { kind: 'encoded', bytes: await readImageSource(image) },
    options,
    whenFull,
    ...(priority === 0 ? {} : { priority }),
    signal: caller.signal,
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

/** The most images of one stream that are worked on at the same time: enough to fill a batch. */
const STREAM_WINDOW = 32;

/**
 * Answers a stream in order and as soon as it can, working on several images at once.
 * @throws INVALID_ARGUMENT when the first message names no checkpoint
 */
export async function* answerStream(
  context: AnswerContext,
  questions: AsyncIterable<ImageQuestion>,
  caller: Caller,
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
      const answer = answerOrError(context, { ...question, checkpoint }, position++, caller);
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
