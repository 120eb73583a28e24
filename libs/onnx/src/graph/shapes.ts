import type { Graph, Value } from './graph.ts';

/** Arithmetic on sides that are known when the graph runs; every side is int64 [1]. */
export interface Sides {
  /** Side `axis` of a value. */
  of(value: Value, axis: number): Value;
  known(side: number): Value;
  add(a: Value, b: Value): Value;
  sub(a: Value, b: Value): Value;
  times(a: Value, b: Value): Value;
  /** Floor of the quotient: sides are not negative. */
  over(a: Value, b: Value): Value;
  min(a: Value, b: Value): Value;
  /** What is missing to the next multiple. */
  missing(side: Value, multiple: number): Value;
  /** Several sides as one shape. */
  join(sides: readonly (Value | number)[]): Value;
}

export function createSides(graph: Graph): Sides {
  const known = (side: number): Value => graph.ints([side]);
  const binary =
    (operator: string) =>
    (a: Value, b: Value): Value =>
      graph.add(operator, [a, b]);
  return {
    of: (value, axis) => graph.add('Shape', [value], { start: axis, end: axis + 1 }),
    known,
    add: binary('Add'),
    sub: binary('Sub'),
    times: binary('Mul'),
    over: binary('Div'),
    min: binary('Min'),
    missing: (side, multiple) => {
      const rest = graph.add('Mod', [side, known(multiple)]);
      return graph.add('Mod', [graph.add('Sub', [known(multiple), rest]), known(multiple)]);
    },
    join: (sides) =>
      graph.add(
        'Concat',
        sides.map((side) => (typeof side === 'number' ? known(side) : side)),
        { axis: 0 },
      ),
  };
}
