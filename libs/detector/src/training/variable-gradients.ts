/**
 * Reverse-mode differentiation over tfjs-core's tape that frees as it goes. `tf.variableGrads` keeps every activation and every
 * gradient between layers until the last one is done; here a node's saved tensors and its outputs' gradients go when the node
 * is done, so that the backward pass needs no more memory than the forward pass left.
 */
import * as tf from '@tensorflow/tfjs-core';

/** What tfjs-core records per op (`TapeNode` of its tape.ts). */
interface TapeNode {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved?: readonly tf.Tensor[];
  readonly gradient?: (dys: readonly (tf.Tensor | undefined)[]) => Readonly<Record<string, () => tf.Tensor>>;
}

interface Tape {
  readonly state: { activeTape: unknown };
  startTape(): void;
  endTape(): void;
}

/** A node on a path from a variable to the loss, with those inputs that such a path passes. */
interface Step {
  readonly node: TapeNode;
  readonly inputs: readonly (readonly [name: string, tensor: tf.Tensor])[];
}

export interface GradientsOptions {
  /** Makes it the vector–Jacobian product of a `loss` that is not a scalar. */
  readonly dy?: tf.Tensor;
  /** Told of each input's gradient as soon as nothing will be added to it: long before the last one, it can travel. */
  readonly onFinal?: (index: number, gradient: tf.Tensor) => void;
}

/**
 * Gradients of `loss` by `inputs` (variables or tensors it reads), in their order; undefined where there is no path. Call
 * inside `tf.tidy`.
 */
export function gradientsOf(
  loss: () => tf.Tensor,
  inputs: readonly tf.Tensor[],
  { dy, onFinal }: GradientsOptions = {},
): (tf.Tensor | undefined)[] {
  const { value, nodes } = record(loss);
  try {
    const gradients = new Map<number, tf.Tensor>([[value.id, dy ?? tf.onesLike(value)]]);
    const wanted = new Set(inputs.map(({ id }) => id));
    const steps = stepsBetween(nodes, wanted, value).reverse();
    const indexOf = new Map(inputs.map(({ id }, index) => [id, index]));
    const uses = countUses(steps);
    for (const step of steps) {
      backpropagate(step, gradients);
      for (const [, { id }] of step.inputs) {
        const left = uses.get(id)! - 1;
        uses.set(id, left);
        const index = indexOf.get(id);
        if (left === 0 && index !== undefined) onFinal?.(index, gradients.get(id)!);
      }
      for (const tensor of step.node.saved ?? []) tensor.dispose();
      for (const { id } of step.node.outputs) {
        if (wanted.has(id) || gradients.get(id) === dy) continue;
        gradients.get(id)?.dispose();
        gradients.delete(id);
      }
    }
    return inputs.map(({ id }) => gradients.get(id));
  } finally {
    for (const node of nodes) tf.dispose([...(node.saved ?? [])]);
  }
}

/** Runs `loss` with the tape on. An outer tape is put aside: what runs in a backward pass is no part of the forward pass. */
function record(loss: () => tf.Tensor): { value: tf.Tensor; nodes: readonly TapeNode[] } {
  const engine = tf.engine() as unknown as Tape;
  const outer = engine.state.activeTape;
  try {
    engine.startTape();
    let value: tf.Tensor;
    try {
      value = tf.tidy(loss);
    } finally {
      engine.endTape();
    }
    return { value, nodes: engine.state.activeTape as TapeNode[] };
  } finally {
    engine.state.activeTape = outer;
  }
}

function stepsBetween(nodes: readonly TapeNode[], wanted: ReadonlySet<number>, value: tf.Tensor): Step[] {
  const depends = new Set(wanted);
  const forward: Step[] = [];
  for (const node of nodes) {
    const inputs = Object.entries(node.inputs).filter(([, { id }]) => depends.has(id));
    if (inputs.length === 0) continue;
    for (const { id } of node.outputs) depends.add(id);
    forward.push({ node, inputs });
  }
  const leads = new Set([value.id]);
  return forward
    .reverse()
    .filter(({ node, inputs }) => {
      if (!node.outputs.some(({ id }) => leads.has(id))) return false;
      for (const [, { id }] of inputs) leads.add(id);
      return true;
    })
    .reverse();
}

/** How often each tensor is read on the way. */
function countUses(steps: readonly Step[]): Map<number, number> {
  const uses = new Map<number, number>();
  for (const { inputs } of steps) {
    for (const [, { id }] of inputs) uses.set(id, (uses.get(id) ?? 0) + 1);
  }
  return uses;
}

function backpropagate({ node, inputs }: Step, gradients: Map<number, tf.Tensor>): void {
  const { gradient } = node;
  if (gradient === undefined)
    throw new Error('an op without a gradient lies between a variable and the loss');
  const dys = node.outputs.map(({ id }) => gradients.get(id));
  const found = tf.tidy(() => {
    const byName = gradient(dys);
    return inputs.map(([name]) => {
      const dx = byName[name]!();
      // Some gradients hand dy through; dy itself is about to go.
      return dys.includes(dx) ? tf.clone(dx) : dx;
    });
  });
  inputs.forEach(([, { id }], index) => {
    const known = gradients.get(id);
    const dx = found[index]!;
    if (known === undefined) {
      gradients.set(id, dx);
      return;
    }
    gradients.set(id, tf.add(known, dx));
    tf.dispose([known, dx]);
  });
}
