import { isCasslError, type ErrorCode } from '@cassl/errors';
import { LEAST_URGENT, type InferAnswer } from '../inference-request.ts';
import { agreement } from './agreement.ts';
import type { QueuedRequest } from './model-queue.ts';
import type { ResidentModel } from './resident-model.ts';
import type { Trial } from './trial.ts';

export interface TrialRequest {
  readonly trial: Trial;
  /** The model on trial, where it is warm. */
  readonly candidate: ResidentModel | undefined;
  readonly serving: ResidentModel;
  readonly request: QueuedRequest;
  /** The canary that the caller asked for. */
  readonly asked: string | undefined;
}

/** Errors that say nothing about a model. */
const NOT_THE_MODELS: ReadonlySet<ErrorCode> = new Set([
  ...(['INVALID_ARGUMENT', 'CANCELLED', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED'] as const),
]);

/** Answers by the serving model or its canary, and lets a shadow see what the serving model has answered. */
export async function answerOnTrial(given: TrialRequest): Promise<InferAnswer> {
  const { trial, candidate, serving, request, asked } = given;
  const { kind, weight, compare, model } = trial.settings;
  if (candidate === undefined) return serving.infer(request);
  if (kind === 'shadow') {
    const answer = await serving.infer(request);
    if (Math.random() < weight) void mirror(trial, candidate, request, answer, true);
    return answer;
  }
  if (asked !== model && Math.random() >= weight) return serving.infer(request);
  const answer = await judged(trial, candidate, request).catch((error: unknown) => {
    // What the canary spoiled the serving model answers; the caller's own faults stay the caller's.
    if (isModelFault(error)) return serving.infer(request);
    throw error;
  });
  if (answer.model.digest === candidate.found.digest && Math.random() < compare) {
    void mirror(trial, serving, request, answer, false);
  }
  return answer;
}

async function judged(trial: Trial, model: ResidentModel, request: QueuedRequest): Promise<InferAnswer> {
  try {
    const answer = await model.infer(request);
    trial.succeeded();
    return answer;
  } catch (error) {
    if (isModelFault(error)) trial.failed();
    throw error;
  }
}

function isModelFault(error: unknown): boolean {
  return !isCasslError(error) || !NOT_THE_MODELS.has(error.code);
}

/** Asks a second model the same, last in its queue and for nobody, and notes how far they agree. */
async function mirror(
  trial: Trial,
  model: ResidentModel,
  request: QueuedRequest,
  answer: InferAnswer,
  isJudged: boolean,
): Promise<void> {
  const quiet: QueuedRequest = { ...request, priority: LEAST_URGENT, signal: undefined, whenFull: 'refuse' };
  try {
    const other = await (isJudged ? judged(trial, model, quiet) : model.infer(quiet));
    trial.compared(agreement(answer.detections, other.detections));
  } catch {
    // No answer is nothing to compare; `judged` has counted it.
  }
}
