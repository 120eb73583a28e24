import { errorMessage, isCasslError } from '@cassl/errors';
import type { ModelInferRequest, ModelInferResponse, ModelStreamInferResponse } from '@cassl/proto/inference';
import { askImages, awaitOutcomes, VERSION, type Caller, type Inference } from './ask-images.ts';
import { fromMessage, toMessage, toParameters } from './grpc-messages.ts';
import type { ParameterValue } from './read-parameters.ts';
import type { SharedRegions } from './shared-memory/regions.ts';

const FINAL = 'triton_final_response';

/** Where errors go that are not for the caller. */
export interface ErrorLog {
  error(fields: object, message: string): void;
}

export interface StreamFace {
  readonly inference: Inference;
  readonly regions: SharedRegions;
  readonly log: ErrorLog;
}

export interface StartedAnswers {
  readonly answers: readonly Promise<ModelStreamInferResponse>[];
  /** What the request holds. */
  readonly bytes: number;
}

/**
 * Starts one request of a stream. It gets one answer; or, where it says `decoupled`, one for each image, whose errors it
 * has in `errors`. The last one bears the final flag.
 */
export function startAnswers(face: StreamFace, message: ModelInferRequest, caller: Caller): StartedAnswers {
  const bytes = message.rawInputContents.reduce((sum, raw) => sum + raw.length, 0);
  try {
    return { answers: start(face, message, caller), bytes };
  } catch (error) {
    return { answers: [Promise.resolve(failure(message, error, face.log, true))], bytes };
  }
}

function start(
  { inference, regions, log }: StreamFace,
  message: ModelInferRequest,
  caller: Caller,
): Promise<ModelStreamInferResponse>[] {
  const request = fromMessage(message, regions);
  const { outcomes, outputs, parameters } = askImages(inference, request, caller);
  const orFailure = (answer: Promise<ModelInferResponse>, isLast = true): Promise<ModelStreamInferResponse> =>
    answer.then(
      (inferResponse) => ({ errorMessage: '', inferResponse }),
      (error: unknown) => failure(message, error, log, isLast),
    );
  if (!parameters.isDecoupled) {
    const answer = awaitOutcomes(outcomes).then((all) =>
      withParameters(toMessage(request, all, outputs), { [FINAL]: true }),
    );
    return [orFailure(answer)];
  }
  const last = parameters.wantsEmptyFinal ? outcomes.length : outcomes.length - 1;
  const answers = outcomes.map((outcome, index) =>
    orFailure(
      outcome.then((one) =>
        withParameters(toMessage(request, [one], outputs), { image_index: index, [FINAL]: index === last }),
      ),
      index === last,
    ),
  );
  const end = (): ModelStreamInferResponse => ({ errorMessage: '', inferResponse: empty(message, true) });
  return parameters.wantsEmptyFinal ? [...answers, Promise.allSettled(outcomes).then(end)] : answers;
}

function withParameters(
  answer: ModelInferResponse,
  more: Readonly<Record<string, ParameterValue>>,
): ModelInferResponse {
  return { ...answer, parameters: { ...answer.parameters, ...toParameters(more) } };
}

function failure(
  message: ModelInferRequest,
  error: unknown,
  log: ErrorLog,
  isLast: boolean,
): ModelStreamInferResponse {
  const isShown = isCasslError(error) && error.code !== 'INTERNAL';
  // The stream goes on, so that nobody else would log it.
  if (!isShown)
    log.error(
      { err: error, model: message.modelName, id: message.id },
      'a streamed request failed unexpectedly',
    );
  const text = isShown ? `${error.code}: ${errorMessage(error)}` : 'INTERNAL: the service log has it';
  return { errorMessage: text, inferResponse: empty(message, isLast) };
}

/** No outputs; `isLast` says that no other answer to the request comes. */
function empty({ modelName, id }: ModelInferRequest, isLast: boolean): ModelInferResponse {
  const parameters = toParameters({ [FINAL]: isLast });
  return { modelName, modelVersion: VERSION, id, parameters, outputs: [], rawOutputContents: [] };
}
