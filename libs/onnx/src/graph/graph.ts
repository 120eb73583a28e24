import type { LazyTensor } from '@cassl/checkpoints';
import { encodeAttribute, type Attribute } from './attribute.ts';
import type { NodeProto } from '@cassl/proto/onnx';
import { float32Constant, int64Constant } from './constants.ts';

/** The name of a value in the graph. */
export type Value = string;

/** A weight or constant of the file, in the order in which it is written. */
export interface Initializer {
  readonly name: string;
  readonly tensor: LazyTensor;
}

/** A computation that grows node by node, in an order in which it can run. */
export interface Graph {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly Initializer[];
  /** One operator with one output; an input '' is absent. */
  add(operator: string, inputs: readonly Value[], attributes?: Readonly<Record<string, Attribute>>): Value;
  /** One operator with several outputs. */
  addMany(
    operator: string,
    inputs: readonly Value[],
    outputs: number,
    attributes?: Readonly<Record<string, Attribute>>,
  ): Value[];
  /** Gives a value the name that callers know it by. */
  output(value: Value, name: string): void;
  /** A tensor under its own name; the same name is written once. */
  weight(name: string, tensor: LazyTensor): Value;
  /** int64, [n], or a scalar of one number. */
  ints(values: readonly number[] | number): Value;
  /** float32, [n] or `shape`, or a scalar of one number. */
  floats(values: readonly number[] | number, shape?: readonly number[]): Value;
}

export function createGraph(): Graph {
  const nodes: NodeProto[] = [];
  const initializers = new Map<string, Initializer>();
  const addMany: Graph['addMany'] = (operator, inputs, outputs, attributes = {}) => {
    const name = `${operator}_${nodes.length}`;
    const output = Array.from({ length: outputs }, (_, index) => (outputs === 1 ? name : `${name}_${index}`));
    const attribute = Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value));
    nodes.push({ name, opType: operator, input: [...inputs], output, attribute });
    return output;
  };
  const weight: Graph['weight'] = (name, tensor) => {
    if (!initializers.has(name)) initializers.set(name, { name, tensor });
    return name;
  };
  return {
    nodes,
    get initializers() {
      return [...initializers.values()];
    },
    addMany,
    add: (operator, inputs, attributes) => addMany(operator, inputs, 1, attributes)[0]!,
    output: (value, name) => {
      nodes.push({ name, opType: 'Identity', input: [value], output: [name], attribute: [] });
    },
    weight,
    ints: (values) => weight(`int64_${nameOf(values)}`, int64Constant(values)),
    floats: (values, shape) =>
      weight(
        `float32_${nameOf(values)}${shape === undefined ? '' : `_of_${shape.join('x')}`}`,
        float32Constant(values, shape),
      ),
  };
}

/** Equal constants share a name, and so a place in the file. */
function nameOf(values: readonly number[] | number): string {
  if (typeof values === 'number') return `scalar_${values}`;
  return values.length <= 8 ? values.join('_') : `${values.length}_${hash(values)}`;
}

/** FNV-1a over the numbers' text. */
function hash(values: readonly number[]): string {
  let state = 0x811c9dc5;
  for (const character of values.join(' '))
    state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return state.toString(16);
}
