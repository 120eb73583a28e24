import * as tf from '@tensorflow/tfjs-core';
import { internal } from '@cassl/errors';
import type { Initialiser } from './layers/initialisers.ts';
import type { TrainingGroup } from './training/training-group.ts';
import { toTensorAxes, toTensorOrder, type Layout } from './state/layout.ts';
import { randomStream, seedOf } from './random.ts';

export interface ParameterSpec {
  /** In PyTorch's order: convolution [O, I, kh, kw], linear [out, in], everything else as it is. */
  readonly shape: readonly number[];
  readonly layout: Layout;
  readonly init: Initialiser;
  /** False for buffers (running statistics) and for frozen weights. Default true. */
  readonly trainable?: boolean;
  /** False for buffers: PyTorch counts them apart from parameters. Default true. */
  readonly counted?: boolean;
  /**
   * Strides of the maps that this weight is applied on, one per application (a head shared by five levels names
   * five); lets `summarizeDetector` count multiply-adds without running the model.
   */
  readonly appliedAt?: readonly number[];
}

export interface Parameter extends ParameterSpec {
  readonly name: string;
}

/**
 * The named weights of one model. A layer asks for its weights when the model is built and keeps the variable; names
 * and shapes are PyTorch's, the variables hold tf order (convolution HWIO, linear [in, out]).
 */
export interface ParameterStore {
  /** The processes that train this model together; batch norms take their statistics over all of them. */
  readonly group?: TrainingGroup | undefined;
  add(name: string, spec: ParameterSpec): tf.Variable;
  readonly specs: ReadonlyMap<string, Parameter>;
  readonly variables: ReadonlyMap<string, tf.Variable>;
}

/** What new weights hold. `zero` is for weights that a checkpoint fills next: drawing those of a ResNet-18 takes a second. */
export type NewWeights = 'random' | 'zero';

export interface ParameterStoreOptions {
  readonly group?: TrainingGroup | undefined;
  /** @default 'random' */
  readonly weights?: NewWeights | undefined;
}

/** Weights drawn from (seed, name), so that the same part of two models starts equal whatever stands around it. */
export function createParameterStore(
  seed: number,
  { group, weights = 'random' }: ParameterStoreOptions = {},
): ParameterStore {
  const initial = (name: string, { shape, layout, init }: ParameterSpec): tf.Tensor => {
    if (weights === 'zero') return tf.zeros(toTensorAxes(shape, layout).map((axis) => shape[axis]!));
    const ordered = toTensorOrder(init(shape, randomStream(seed ^ seedOf(name))), shape, layout);
    return tf.tensor(ordered.values, ordered.shape);
  };
  const specs = new Map<string, Parameter>();
  const variables = new Map<string, tf.Variable>();
  return {
    group,
    specs,
    variables,
    add(name, spec) {
      if (specs.has(name)) throw internal(`parameter ${name} is declared twice`);
      // tf.js names are global to the process; ours belong to one model, so tf.js invents its own.
      const variable = tf.tidy(() => tf.variable(initial(name, spec), spec.trainable ?? true));
      specs.set(name, { ...spec, name });
      variables.set(name, variable);
      return variable;
    },
  };
}

/** Collects names and shapes and holds no weights: for counting, and for checking a checkpoint before loading it. */
export function createParameterList(): ParameterStore {
  const specs = new Map<string, Parameter>();
  return {
    specs,
    variables: new Map(),
    add(name, spec) {
      if (specs.has(name)) throw internal(`parameter ${name} is declared twice`);
      specs.set(name, { ...spec, name });
      return undefined as unknown as tf.Variable;
    },
  };
}

/** The trained variables whose names start with `prefix`; to be asked when all of them are declared. */
export function learnedUnder(store: ParameterStore, prefix: string): () => tf.Variable[] {
  return () => {
    const own = [...store.variables].filter(
      ([name, variable]) => name.startsWith(prefix) && variable.trainable,
    );
    return own.map(([, variable]) => variable);
  };
}
