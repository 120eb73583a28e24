import { invalidArgument } from '@cassl/errors';
import type { FoundModel, InferAnswer } from '@cassl/inference';
import type { OutputTensor } from '../tensors.ts';

export interface TensorSpec {
  readonly name: string;
  readonly datatype: string;
  /** -1 where it varies; the batch is the first. */
  readonly shape: readonly number[];
  /** How pixels lie. @default 'FORMAT_NONE' */
  readonly format?: 'FORMAT_NONE' | 'FORMAT_NHWC';
}

/** What became of one image. */
export type Outcome = { readonly answer: InferAnswer } | { readonly error: string };

/** An output that a request names. */
export interface WantedOutput {
  readonly name: string;
  /** Triton's classification extension: so many of the best classes, as text. */
  readonly classes: number | undefined;
}

/** The outputs of one request. */
export interface OutputWriter {
  readonly wantsMasks: boolean;
  /** @throws INVALID_ARGUMENT where the view has no place for an image that could not be used */
  write(outcomes: readonly Outcome[]): OutputTensor[];
}

/** The tensors under which a model can be asked. */
export interface ModelView {
  inputs(found: FoundModel): readonly TensorSpec[];
  outputs(found: FoundModel): readonly TensorSpec[];
  /** 0: the batch is a dimension of the tensors; else the most images of a request, and shapes are described without it. */
  readonly maxBatchSize: number;
  /** None named are all. @throws INVALID_ARGUMENT naming the output */
  open(wanted: readonly WantedOutput[]): OutputWriter;
}

/** @throws INVALID_ARGUMENT for an output that is unknown or named twice */
export function checkNames(
  wanted: readonly WantedOutput[],
  specs: readonly Pick<TensorSpec, 'name'>[],
): readonly string[] {
  const known = specs.map(({ name }) => name);
  const names = wanted.map(({ name }) => name);
  const quote = (name: string): string => JSON.stringify(name.slice(0, 100));
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw invalidArgument(`outputs: ${quote(stranger)} is not an output; those are ${known.join(', ')}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidArgument(`outputs: ${quote(twice)} is named twice`);
  return names.length === 0 ? known : names;
}
