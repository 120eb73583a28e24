import { type HostTensor, type StateDict, toFloat32 } from '@cassl/checkpoints';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter, ParameterStore } from '../parameters.ts';
import { randomStream, seedOf } from '../random.ts';
import { toTensorAxes } from './layout.ts';
import { classifierRepeats, DETECTOR_PARTS, type DetectorPart, partOf } from './parts.ts';

export interface LoadOptions {
  /** What to take from the checkpoint; the rest keeps its values. Default: all parts. */
  readonly parts?: readonly DetectorPart[];
  /**
   * A classifier with another number of classes: `random` starts it anew (N(0, 0.01) and the prior bias), `replicate`
   * copies a one-class classifier to every class. Default `random`.
   */
  readonly classifier?: 'random' | 'replicate';
  /** Put in front of the checkpoint's names, for example `backbone.bottom_up.` for a bare torchvision ResNet. */
  readonly prefix?: string;
  /**
   * True: a missing, surplus or ill-shaped tensor in the chosen parts, or a classifier that would start anew, is an error instead of
   * a line in the report.
   */
  readonly strict?: boolean;
  /** Of the weights that start anew. Default 0. */
  readonly seed?: number;
}

export interface SkippedTensor {
  readonly name: string;
  readonly why: string;
}

export interface LoadReport {
  /** Parameters that were set as they are in the checkpoint. */
  readonly matched: readonly string[];
  /** Classifier parameters that were replicated or started anew, and which of the two. */
  readonly adapted: readonly SkippedTensor[];
  /** Parameters of the chosen parts that the checkpoint does not give, or gives in another shape. */
  readonly missing: readonly SkippedTensor[];
  /** Tensors of the checkpoint that were not used. */
  readonly skipped: readonly SkippedTensor[];
}

/** Buffers of other implementations that this one derives from its config (method 3.3). */
const DERIVED =
  /(num_batches_tracked|relative_position_index|attn_mask|pixel_mean|pixel_std|mask_head\.sizes_of_interest|mask_head\._iter)$/;

/**
 * Sets weights by name. Nothing is changed when it throws.
 *
 * @throws FAILED_PRECONDITION when no tensor fits (another architecture), or under `strict` for the first that does not.
 * @throws INVALID_ARGUMENT for a NaN or infinite weight.
 */
export function loadState(store: ParameterStore, state: StateDict, options: LoadOptions = {}): LoadReport {
  const named = new Map([...state].map(([name, tensor]) => [(options.prefix ?? '') + name, tensor]));
  const plan = planLoad(store, named, options);
  if (plan.values.size === 0) throw anotherArchitecture(store, named);
  if (options.strict === true) checkStrict(plan.report);
  for (const [name, values] of plan.values) {
    const { shape, layout } = store.specs.get(name)!;
    tf.tidy(() => {
      // Turned by the engine: a ResNet-50 has 25 million numbers.
      store.variables
        .get(name)!
        .assign(tf.transpose(tf.tensor(values, [...shape]), toTensorAxes(shape, layout)));
    });
  }
  return plan.report;
}

interface LoadPlan {
  /** In PyTorch order. */
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly report: LoadReport;
}

function planLoad(
  store: ParameterStore,
  state: ReadonlyMap<string, HostTensor>,
  options: LoadOptions,
): LoadPlan {
  const parts = new Set(options.parts ?? DETECTOR_PARTS);
  const values = new Map<string, Float32Array>();
  const matched: string[] = [];
  const adapted: SkippedTensor[] = [];
  const missing: SkippedTensor[] = [];
  const skipped: SkippedTensor[] = [];
  for (const [name, spec] of store.specs) {
    if (!parts.has(partOf(name))) continue;
    const tensor = state.get(name);
    if (tensor === undefined) {
      missing.push({ name, why: 'not in the checkpoint' });
    } else if (sameShape(tensor.shape, spec.shape)) {
      values.set(name, finiteValues(name, tensor));
      matched.push(name);
    } else if (partOf(name) === 'classifier' && sameShape(tensor.shape.slice(1), spec.shape.slice(1))) {
      const { value, why } = adaptClassifier(spec, tensor, options);
      values.set(name, value);
      adapted.push({ name, why });
    } else {
      missing.push({
        name,
        why: `shape ${brackets(spec.shape)}, the checkpoint has ${brackets(tensor.shape)}`,
      });
    }
  }
  for (const name of state.keys()) {
    if (values.has(name)) continue;
    const spec = store.specs.get(name);
    if (DERIVED.test(name)) skipped.push({ name, why: 'buffer that follows from the config' });
    else if (spec === undefined) skipped.push({ name, why: 'this model has no such parameter' });
    else if (!parts.has(partOf(name))) skipped.push({ name, why: `part ${partOf(name)} was not asked for` });
    else skipped.push({ name, why: missing.find((entry) => entry.name === name)?.why ?? 'not used' });
  }
  return { values, report: { matched, adapted, missing, skipped } };
}

const STARTED_ANEW = 'started anew';

/** 1 → K classes (method 1.8): W[k] = W_bin, or a classifier that has seen nothing. */
function adaptClassifier(
  spec: Parameter,
  tensor: HostTensor,
  options: LoadOptions,
): { value: Float32Array; why: string } {
  const repeats = classifierRepeats(spec.name);
  const [from, to] = [tensor.shape[0]! / repeats, spec.shape[0]! / repeats];
  if (options.classifier === 'replicate' && from === 1) {
    const source = finiteValues(spec.name, tensor);
    const value = new Float32Array(source.length * to);
    const row = source.length / repeats;
    for (let index = 0; index < repeats * to; index++) {
      const anchor = Math.floor(index / to);
      value.set(source.subarray(anchor * row, (anchor + 1) * row), index * row);
    }
    return { value, why: `replicated from 1 to ${to} classes` };
  }
  const random = randomStream((options.seed ?? 0) ^ seedOf(spec.name));
  return { value: spec.init(spec.shape, random), why: `${STARTED_ANEW}: ${from} classes there, ${to} here` };
}

function finiteValues(name: string, tensor: HostTensor): Float32Array {
  const values = toFloat32(tensor, name);
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) {
    throw invalidArgument(
      `checkpoint tensor ${name} holds ${values[index]} at element ${index}; weights must be finite`,
    );
  }
  return values;
}

function checkStrict({ missing, adapted, skipped }: LoadReport): void {
  const fault =
    missing[0] ??
    adapted.find(({ why }) => why.startsWith(STARTED_ANEW)) ??
    skipped.find(({ why }) => !/^(part|buffer) /.test(why));
  if (fault !== undefined) throw failedPrecondition(`checkpoint does not fit: ${fault.name}: ${fault.why}`);
}

function anotherArchitecture(store: ParameterStore, state: ReadonlyMap<string, HostTensor>): Error {
  const theirs = state.keys().next().value ?? 'nothing';
  const ours = store.specs.keys().next().value ?? 'nothing';
  return failedPrecondition(
    `checkpoint is of another architecture: none of its ${state.size} tensors (for example ${theirs}) fits this model's ${store.specs.size} parameters (for example ${ours})`,
  );
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}

function brackets(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
