import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { setQuery } from '../../router.tsx';
import { ConfigTable } from './config-table.tsx';
import { LiveChart, type ChartLine } from './live-chart.tsx';
import { RunEvaluations } from './run-evaluations.tsx';
import { RunPicker } from './run-picker.tsx';
import { smooth } from './smooth.ts';
import { useRuns, type Run } from './use-runs.ts';

/** In this order; what else the runs have comes after. */
const FIRST_CHARTS = [
  'loss/total',
  'loss/cls',
  'loss/box',
  'loss/ctr',
  'loss/mask',
  'learning rate',
  'images/s',
];

/** Training curves, live, several runs over each other: `?runs=A,B`. */
export function TrainingsPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const ids = (query.get('runs') ?? '').split(',').filter((id) => id !== '');
  const { value, error } = useRuns(ids);
  const [weight, setWeight] = useState(0);
  const [isLogarithmic, setLogarithmic] = useState(false);
  const runs = ids.flatMap((id) => value?.byId.get(id) ?? []);
  return (
    <>
      <h1>Training curves</h1>
      <div class="split">
        <RunPicker chosen={ids} onChange={(next) => setQuery('runs', next.join(','))} />
        <div>
          <div class="panel controls">
            <label>
              Smoothing{' '}
              <input
                type="range"
                min="0"
                max="0.99"
                step="0.01"
                value={weight}
                onInput={({ currentTarget }) => setWeight(Number(currentTarget.value))}
              />{' '}
              <output>{weight.toFixed(2)}</output>
            </label>
            <label>
              <input
                type="checkbox"
                checked={isLogarithmic}
                onChange={({ currentTarget }) => setLogarithmic(currentTarget.checked)}
              />{' '}
              logarithmic losses
            </label>
          </div>
          <ErrorNote error={error} />
          {ids.length === 0 && <EmptyNote>Choose one training or more.</EmptyNote>}
          {runs.map(({ id, error: own }) => own !== undefined && <ErrorNote key={id} error={own} />)}
          <div class="charts">
            {chartNames(runs).map((name) => (
              <LiveChart
                key={name}
                title={name}
                version={`${value?.version} ${weight}`}
                isLogarithmic={isLogarithmic && name.startsWith('loss/')}
                lines={linesOf(runs, name, weight)}
              />
            ))}
          </div>
          <RunEvaluations runs={runs} />
          <ConfigTable runs={runs} />
        </div>
      </div>
    </>
  );
}

function chartNames(runs: readonly Run[]): readonly string[] {
  const names = new Set(runs.flatMap(({ curve }) => [...curve.values.keys()]));
  const first = FIRST_CHARTS.filter((name) => names.has(name));
  return [...first, ...[...names].filter((name) => !FIRST_CHARTS.includes(name))];
}

function linesOf(runs: readonly Run[], name: string, weight: number): ChartLine[] {
  return runs.flatMap(({ id, curve }) => {
    const values = curve.values.get(name);
    return values === undefined ? [] : [{ name: id, x: curve.x, y: smooth(values, weight) }];
  });
}
