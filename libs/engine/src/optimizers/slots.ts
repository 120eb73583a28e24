import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import { checkShape, type NamedVariable } from './parameter-optimizer.ts';

/** One zero-initialised variable per parameter, such as SGD's velocities. */
export class Slots {
  readonly #kind: string;
  readonly #slots: ReadonlyMap<string, tf.Variable>;

  constructor(kind: string, parameters: readonly NamedVariable[]) {
    this.#kind = kind;
    this.#slots = new Map(
      parameters.map(({ name, variable }) => [
        name,
        tf.tidy(() => tf.variable(tf.zeros(variable.shape), false)),
      ]),
    );
  }

  of(name: string): tf.Variable {
    return this.#slots.get(name)!;
  }

  /** `<kind>/<parameter>` → copy */
  stateDict(): tf.NamedTensorMap {
    return Object.fromEntries(
      [...this.#slots].map(([name, slot]) => [`${this.#kind}/${name}`, slot.clone()]),
    );
  }

  loadStateDict(state: tf.NamedTensorMap): void {
    for (const [name, slot] of this.#slots) {
      const value = state[`${this.#kind}/${name}`];
      if (value === undefined) throw invalidArgument(`optimizer: the state lacks ${this.#kind}/${name}`);
      checkShape(`${this.#kind}/${name}`, value, slot);
      slot.assign(value);
    }
  }

  dispose(): void {
    for (const slot of this.#slots.values()) slot.dispose();
  }
}
