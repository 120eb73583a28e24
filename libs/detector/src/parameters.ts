import * as tf from '@tensorflow/tfjs-core';
import { internal } from '@cassl/errors';
import type { Initialiser } from './layers/initialisers.ts';
import type { TrainingGroup } from './training/training-group.ts';
import { toTensorOrder, type Layout } from './state/layout.ts';
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

/** Weights drawn from (seed, name), so that the same part of two models starts equal whatever stands around it. */
export function createParameterStore(seed: number, group?: TrainingGroup): ParameterStore {
  const specs = new Map<string, Parameter>();
  const variables = new Map<string, tf.Variable>();
  return {
    group,
    specs,
    variables,
    add(name, spec) {
      if (specs.has(name)) throw internal(`parameter ${name} is declared twice`);
      const values = spec.init(spec.shape, randomStream(seed ^ seedOf(name)));
      const ordered = toTensorOrder(values, spec.shape, spec.layout);
      // tf.js names are global to the process; ours belong to one model, so tf.js invents its own.
      const variable = tf.tidy(() =>
        tf.variable(tf.tensor(ordered.values, ordered.shape), spec.trainable ?? true),
      );
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
