import type { Training } from '@cassl/proto';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../json.ts';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { useList } from '../../parts/show-more.tsx';
import { setQuery } from '../../router.tsx';
import { linesOf } from './chart-lines.ts';
import { ConfigTable } from './config-table.tsx';
import { LiveChart } from './live-chart.tsx';
import { RunEvaluations } from './run-evaluations.tsx';
import { RunPicker } from './run-picker.tsx';
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

/** More lines at once are chosen by hand. */
const MOST_CHOSEN = 4;

/** Training curves, live, several runs over each other: `?runs=A,B`. */
export function TrainingsPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const trainings = useList<Json<Training>>('/trainings/events');
  const chosen = query.get('runs')?.split(',').filter(Boolean);
  const ids = chosen ?? runningOrLast(trainings.value);
  const { value, error } = useRuns(ids);
  const [weight, setWeight] = useState(0);
  const [isLogarithmic, setLogarithmic] = useState(false);
  const runs = ids.flatMap((id) => value?.byId.get(id) ?? []);
  return (
    <>
      <h1>Training curves</h1>
      <div class="split">
        <RunPicker
          trainings={trainings}
          chosen={ids}
          // A comma alone is nobody, chosen by hand.
          onChange={(next) => setQuery('runs', next.join(',') || ',')}
        />
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

/** Where nobody has chosen, what runs is what people come for; else the last one. */
function runningOrLast(trainings: readonly Json<Training>[] | undefined): readonly string[] {
  const jobs = trainings?.flatMap(({ status }) => status ?? []) ?? [];
  const running = jobs.filter(({ state }) => state === 'JOB_STATE_RUNNING').slice(0, MOST_CHOSEN);
  const last = jobs.toSorted((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? '')).slice(0, 1);
  return (running.length > 0 ? running : last).map(({ id }) => id);
}
