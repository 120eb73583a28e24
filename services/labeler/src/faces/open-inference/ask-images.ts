import { errorMessage, invalidArgument, isCasslError, notFound } from '@cassl/errors';
import type { FoundModel, ImageInput, InferenceRuntime } from '@cassl/inference';
import { MAX_IMAGE_BYTES, readImages } from './read-images.ts';
import { readParameters, type Parameters, type RequestParameters } from './read-parameters.ts';
import type { RegionPlace } from './shared-memory/regions.ts';
import type { InputTensor } from './tensors.ts';
import type { ModelView, Outcome, OutputWriter, WantedOutput } from './views/model-view.ts';
import { readModelName } from './views/read-model-name.ts';

/** One request, whatever the protocol's form. */
export interface BatchRequest {
  readonly model: string;
  readonly version: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly InputTensor[];
  /** None: all. */
  readonly outputs: readonly WantedOutput[];
  /** Outputs that go to shared memory. */
  readonly places: ReadonlyMap<string, RegionPlace>;
}

/** Whoever asked. */
export interface Caller {
  readonly signal: AbortSignal;
  /** Milliseconds from now. */
  readonly timeoutMs?: number | undefined;
  readonly whenFull: 'refuse' | 'wait';
  /** Counts them against the caller's quota. @throws RESOURCE_EXHAUSTED */
  readonly takeImages?: ((count: number) => void) | undefined;
  /** Value of a routing header. */
  readonly canary?: string | undefined;
}

export interface AskedBatch {
  readonly parameters: RequestParameters;
  /** Those that are wanted. */
  readonly outputs: OutputWriter;
  /** In the request's order. */
  readonly outcomes: readonly Promise<Outcome>[];
}

export type Inference = Pick<InferenceRuntime, 'infer' | 'find' | 'load' | 'unload' | 'isReady' | 'list'>;

/** A model has one version, which is what its name means now. */
export const VERSION = '1';

/**
 * Asks for every image of a request. An image that cannot be used is an outcome; anything else that fails, fails all and
 * cancels what is under way.
 * @throws INVALID_ARGUMENT naming the field
 */
export function askImages(inference: Inference, request: BatchRequest, caller: Caller): AskedBatch {
  if (request.model === '') throw invalidArgument('model_name is empty: give an alias or a digest');
  const parameters = readParameters(request.parameters);
  const { model: name, view } = readModelName(request.model);
  const outputs = view.open(request.outputs);
  const images = readImages(request.inputs);
  caller.takeImages?.(images.length);
  const failed = new AbortController();
  const signal = AbortSignal.any([caller.signal, failed.signal]);
  const { options, priority } = parameters;
  const timeoutMs = Math.min(parameters.timeoutMs ?? Infinity, caller.timeoutMs ?? Infinity);
  const model = findView(inference, request.model, request.version, signal);
  const ask = async (image: ImageInput): Promise<Outcome> => {
    await model;
    try {
      checkBytes(image);
      const answer = await inference.infer({
        model: name,
        image,
        options: { ...options, masks: outputs.wantsMasks },
        ...(priority === undefined ? {} : { priority }),
        ...(timeoutMs === Infinity ? {} : { timeoutMs }),
        ...(caller.canary === undefined ? {} : { canary: caller.canary }),
        whenFull: caller.whenFull,
        signal,
      });
      return { answer };
    } catch (error) {
      if (isCasslError(error) && error.code === 'INVALID_ARGUMENT') return { error: errorMessage(error) };
      failed.abort();
      throw error;
    }
  };
  const outcomes = images.map(ask);
  // Awaited in their turn; until then a rejection must not count as unhandled.
  for (const outcome of outcomes) outcome.catch(() => undefined);
  return { parameters, outputs, outcomes };
}

/** All outcomes. @throws INVALID_ARGUMENT naming the first image where none could be used */
export async function awaitOutcomes(promises: readonly Promise<Outcome>[]): Promise<Outcome[]> {
  const outcomes = await Promise.all(promises);
  const [first] = outcomes;
  if (first !== undefined && 'error' in first && outcomes.every((outcome) => 'error' in outcome))
    throw invalidArgument(`inputs[0][0]: ${first.error}`);
  return outcomes;
}

/** A model and how it is seen. @throws NOT_FOUND for an unknown model or version */
export async function findView(
  { find }: Pick<Inference, 'find'>,
  name: string,
  version: string,
  signal?: AbortSignal,
): Promise<{ readonly found: FoundModel; readonly view: ModelView }> {
  if (name === '') throw invalidArgument('name is empty: give an alias or a digest');
  const { model, view } = readModelName(name);
  const found = await find(model, signal);
  if (!['', VERSION, found.digest].includes(version)) {
    throw notFound(
      `model ${name} has no version ${version.slice(0, 100)}: only ${VERSION}, which is ${found.digest}`,
    );
  }
  return { found, view };
}

/** Whether a model is there to answer; one that has no such version is not. */
export function isModelReady(
  inference: Pick<Inference, 'isReady' | 'list'>,
  name: string,
  version: string,
): boolean {
  const { model } = readModelName(name);
  if (!inference.isReady(model)) return false;
  const isOf = ({ names, digest }: { readonly names: readonly string[]; readonly digest: string }): boolean =>
    digest === version && (names.includes(model) || digest === model);
  return ['', VERSION].includes(version) || inference.list().some(isOf);
}

function checkBytes(image: ImageInput): void {
  if (image.kind !== 'encoded') return;
  const { length } = image.bytes;
  if (length === 0 || length > MAX_IMAGE_BYTES)
    throw invalidArgument(`image must have 1 to ${MAX_IMAGE_BYTES} bytes, got ${length}`);
}
