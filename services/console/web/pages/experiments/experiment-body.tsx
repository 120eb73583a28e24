import type { JSX } from 'preact';
import type { ExperimentRecord } from '../../../src/contract/experiment-record.ts';
import { clock, count, duration } from '../../format.ts';
import { CopyLine } from '../../parts/copy-line.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Facts } from '../../parts/notes.tsx';
import { Link } from '../../router.tsx';
import { IntervalPlot } from './interval-plot.tsx';
import { signedPercent } from './signed-percent.ts';
import { VerdictBadge } from './verdict-badge.tsx';

/** In this order; what an experiment has not is left out. */
const METRICS = ['boxAP', 'boxAP50', 'boxAPAgnostic', 'maskAP', 'maskAP50', 'maskAPAgnostic'];

export function ExperimentBody({ record }: { readonly record: ExperimentRecord }): JSX.Element {
  const { result, progress, changedAt } = record;
  return (
    <>
      <div class="panel">
        <p>
          {result.claim} <VerdictBadge verdict={result.verdict} />
        </p>
        <progress aria-label="Pipelines done" max={progress.total} value={progress.done} />
        <Facts
          facts={[
            ['pipelines', `${count(progress.done)} of ${count(progress.total)}`],
            ['running', progress.running.join('; ')],
            ['failed', progress.failed.join('; ')],
            ['whole seeds', result.seeds.join(', ') || 'none yet'],
            ['seeds to come', result.missingSeeds.join(', ')],
            ['engine', result.engine],
            ['last change', clock(changedAt)],
          ]}
        />
        {progress.running.length > 0 && <Link to="/pipelines">Look at its pipelines</Link>}
      </div>
      <Statements result={result} />
      <Arms result={result} />
      <section class="panel">
        <h2>Again</h2>
        {result.commands.map((command) => (
          <CopyLine key={command} title="Run it, or go on where it was" text={command} />
        ))}
      </section>
    </>
  );
}

type Result = Pick<ExperimentRecord, 'result'>;

function Statements({ result }: Result): JSX.Element {
  const { statements, difference, interval } = result;
  const reach = Math.max(1e-9, ...Object.values(interval).flat().map(Math.abs)) * 1.05;
  return (
    <section class="panel">
      <h2>Statements</h2>
      {Object.keys(statements).length === 0 ? (
        <p class="soft">Judged once every arm has ended with a first seed.</p>
      ) : (
        <DataTable
          columns={['statement', 'difference, points', '95 % interval', 'beside zero', 'verdict', 'it says']}
          rows={Object.entries(statements).map(([name, { says, verdict }]) => {
            const mean = difference[name] ?? NaN;
            const range = interval[name];
            return {
              key: name,
              cells: [
                name,
                signedPercent(mean),
                range === undefined ? 'needs two seeds' : range.map(signedPercent).join(' … '),
                range && <IntervalPlot name={name} difference={mean} interval={range} reach={reach} />,
                <VerdictBadge verdict={verdict} />,
                <code>{says}</code>,
              ],
            };
          })}
        />
      )}
    </section>
  );
}

function Arms({ result: { summary, compute } }: Result): JSX.Element {
  const names = METRICS.filter((metric) => Object.values(summary).some((arm) => metric in arm));
  return (
    <section class="panel">
      <h2>Arms</h2>
      <DataTable
        columns={['arm', ...names, 'iterations', 'images', 'training']}
        rows={Object.entries(summary).map(([arm, metrics]) => ({
          key: arm,
          cells: [
            arm,
            ...names.map((name) => {
              const value = metrics[name];
              return value === undefined
                ? '–'
                : `${(100 * value.mean).toFixed(1)} ± ${(100 * value.std).toFixed(1)}`;
            }),
            count(compute[arm]?.iterations ?? 0),
            count(compute[arm]?.images ?? 0),
            duration(compute[arm]?.seconds ?? NaN),
          ],
        }))}
      />
    </section>
  );
}
