import { invalidArgument, unimplemented } from '@cassl/errors';
import type { InferRequest } from '@cassl/inference';

export type ParameterValue = boolean | number | string;
export type Parameters = ReadonlyMap<string, ParameterValue>;

export interface RequestParameters {
  readonly options: NonNullable<InferRequest['options']>;
  readonly priority?: number;
  readonly timeoutMs?: number;
  /** On streams: an answer for each image. */
  readonly isDecoupled: boolean;
  /** On streams, of a decoupled request: an answer without outputs ends it. */
  readonly wantsEmptyFinal: boolean;
}

/** What else stock clients send: it is read where it belongs, or means nothing here. */
const OTHERS = new Set(['binary_data_output', 'headers']);
const KNOWN = ['threshold', 'max_detections', 'non_overlap', 'priority', 'timeout', 'decoupled'];
/** The largest number that is less than 1. */
const BELOW_ONE = 1 - Number.EPSILON / 2;
const EMPTY_FINAL = 'triton_enable_empty_final_response';

/**
 * The parameters of a request; `priority` 0 and `timeout` 0 are what clients send for none.
 * @throws INVALID_ARGUMENT naming the parameter, its value and its bound, also for an unknown one: it may be a misspelt one;
 *   UNIMPLEMENTED for sequences
 */
export function readParameters(parameters: Parameters): RequestParameters {
  for (const name of parameters.keys()) {
    if (name.startsWith('sequence_'))
      throw unimplemented(
        `parameters.${name.slice(0, 100)}: sequences are not offered; every request stands alone`,
      );
    if (!KNOWN.includes(name) && !OTHERS.has(name) && !name.startsWith('triton_'))
      throw invalidArgument(`parameters.${name.slice(0, 100)} is not known; known are ${KNOWN.join(', ')}`);
  }
  const threshold = readNumber(parameters, 'threshold', 0, BELOW_ONE);
  const maxDetections = readNumber(parameters, 'max_detections', 1, 1000);
  const priority = readNumber(parameters, 'priority', 0, 9);
  const timeout = readNumber(parameters, 'timeout', 0, Number.MAX_VALUE);
  const nonOverlap = readBoolean(parameters, 'non_overlap');
  return {
    options: {
      ...(threshold === undefined ? {} : { threshold }),
      ...(maxDetections === undefined ? {} : { maxDetections: whole('max_detections', maxDetections) }),
      ...(nonOverlap === undefined ? {} : { nonOverlap }),
    },
    ...(priority ? { priority: whole('priority', priority) } : {}),
    ...(timeout ? { timeoutMs: timeout / 1000 } : {}),
    isDecoupled: readBoolean(parameters, 'decoupled') ?? false,
    wantsEmptyFinal: readBoolean(parameters, EMPTY_FINAL) ?? false,
  };
}

function readNumber(parameters: Parameters, name: string, low: number, high: number): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  // Some clients can only send text.
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= low && number <= high))
    throw invalidArgument(
      `parameters.${name} must be a number in ${high === BELOW_ONE ? '[0, 1)' : `[${low}, ${high}]`}, got ${show(value)}`,
    );
  return number;
}

function whole(name: string, value: number): number {
  if (!Number.isInteger(value)) throw invalidArgument(`parameters.${name} must be whole, got ${value}`);
  return value;
}

function readBoolean(parameters: Parameters, name: string): boolean | undefined {
  const value = parameters.get(name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalidArgument(`parameters.${name} must be true or false, got ${show(value)}`);
}

function show(value: ParameterValue): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value);
}
