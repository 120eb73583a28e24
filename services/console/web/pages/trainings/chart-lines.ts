import type { ChartLine } from './live-chart.tsx';
import { smooth } from './smooth.ts';
import type { Run } from './use-runs.ts';

/** A value of several runs as lines of one chart; runs without it have none. */
export function linesOf(runs: readonly Run[], name: string, weight = 0): ChartLine[] {
  return runs.flatMap(({ id, curve }) => {
    const values = curve.values.get(name);
    return values === undefined ? [] : [{ name: id, x: curve.x, y: smooth(values, weight) }];
  });
}
