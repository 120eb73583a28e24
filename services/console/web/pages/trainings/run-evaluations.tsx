import type { GetCheckpointResponse } from '@cassl/proto';
import type { JSX } from 'preact';
import { percent, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Link, pathOf } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';
import type { Run } from './use-runs.ts';

const METRICS = ['bbox/AP', 'bbox/AP50', 'segm/AP', 'bbox-agnostic/AP', 'segm-agnostic/AP'] as const;

/** What evaluations measured of the checkpoints that the chosen runs ended with. */
export function RunEvaluations({ runs }: { readonly runs: readonly Run[] }): JSX.Element | null {
  const published = runs.filter(({ training }) => (training?.checkpointDigest ?? '') !== '');
  if (published.length === 0) return null;
  return (
    <section class="panel">
      <h2>Evaluations</h2>
      <div class="wide" tabIndex={0}>
        <table class="left">
          <thead>
            <tr>
              <th scope="col">run</th>
              <th scope="col">checkpoint</th>
              {METRICS.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {published.map(({ id, training }) => (
              <EvaluationRow key={id} run={id} digest={training?.checkpointDigest ?? ''} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function EvaluationRow({ run, digest }: { readonly run: string; readonly digest: string }): JSX.Element {
  const { value } = useAnswer<Json<GetCheckpointResponse>>(pathOf('registry', 'checkpoints', digest));
  // Of several evaluations the newest that measured it.
  const measured = (name: string): number | undefined =>
    value?.evaluations.find(({ metrics }) => metrics[name] !== undefined)?.metrics[name];
  return (
    <tr>
      <th scope="row">{run}</th>
      <td>
        <Link to={pathOf('registry', digest)} class="digest">
          {shortDigest(digest)}
        </Link>
      </td>
      {METRICS.map((name) => {
        const metric = measured(name);
        return <td key={name}>{percent(metric ?? NaN)}</td>;
      })}
    </tr>
  );
}
