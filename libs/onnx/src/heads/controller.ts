import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/graph.ts';
import { convolution } from '../layers/convolution.ts';
import { groupNorm } from '../layers/norms.ts';
import { cells } from './fcos-head.ts';

/** Weights of every cell's little mask network, [B, cells, 169 for d = 8]; with the entity code's kernel head where the config has it. */
export function controller(build: Builder, boxTowers: readonly Value[]): Value {
  const own = build.config.kernelHead === 'coordinates';
  const name = own ? 'controller.out_conv' : 'controller';
  const count = build.shapeOf(`${name}.weight`)[0]!;
  const levels = boxTowers.map((map) =>
    cells(build, convolution(build, name, own ? kernelHead(build, map) : map), count),
  );
  return build.concat(levels, 1);
}

function kernelHead(build: Builder, map: Value): Value {
  let x = withCoordinates(build, map);
  for (const n of [1, 2, 3]) {
    const name = `controller.kernel_head.kernel_head_head_${n}`;
    x = convolution(build, name, x);
    x = build.add('Relu', [groupNorm(build, `${name}.norm`, x, build.config.towerGroups)]);
  }
  return x;
}

/** Appends the row and the column coordinate, each from −1 to 1. */
function withCoordinates(build: Builder, x: Value): Value {
  const { sides } = build;
  const [batch, height, width] = [sides.of(x, 0), sides.of(x, 2), sides.of(x, 3)];
  const shape = sides.join([batch, 1, height, width]);
  const rows = build.reshape(linspace(build, height), [1, 1, -1, 1]);
  const columns = build.reshape(linspace(build, width), [1, 1, 1, -1]);
  return build.concat([x, build.add('Expand', [rows, shape]), build.add('Expand', [columns, shape])], 1);
}

/** n values from −1 to 1; [-1] for n = 1. */
function linspace(build: Builder, side: Value): Value {
  const index = build.add('Range', [build.ints(0), build.add('Squeeze', [side]), build.ints(1)]);
  const gaps = build.add('Max', [build.sides.sub(side, build.ints([1])), build.ints([1])]);
  const twice = build.add('Mul', [build.add('Cast', [index], { to: 1 }), build.floats(2)]);
  return build.add('Sub', [build.add('Div', [twice, build.add('Cast', [gaps], { to: 1 })]), build.floats(1)]);
}
