import type { JSX } from 'preact';
import type { ExperimentRecord } from '../../../src/contract/experiment-record.ts';
import { clock, count } from '../../format.ts';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { Link, pathOf } from '../../router.tsx';
import { useEvents } from '../../use-events.ts';
import { ExperimentBody } from './experiment-body.tsx';
import { VerdictBadge } from './verdict-badge.tsx';

/** The experiments of this machine as they go on; one of them whole, where `name` says which. */
export function ExperimentsPage({ name }: { readonly name: string }): JSX.Element {
  const { value, error } = useEvents<ExperimentRecord[] | null, ExperimentRecord[] | null>(
    '/experiments/events',
    (_, list) => list,
  );
  const shown = value?.find(({ result }) => result.experiment === name);
  return (
    <>
      <h1>{name === '' ? 'Experiments' : name}</h1>
      <ErrorNote error={error} />
      {value === null && (
        <EmptyNote>
          Experiments are kept where <code>cassl experiment</code> ran; this console looks at no such folder.
        </EmptyNote>
      )}
      {value?.length === 0 && name === '' && (
        <EmptyNote>
          No experiment yet: <code>cassl experiment FILE --out DIR</code> runs one.
        </EmptyNote>
      )}
      {value && name !== '' && shown === undefined && <EmptyNote>There is no such experiment.</EmptyNote>}
      {name === '' ? <ExperimentCards list={value ?? []} /> : shown && <ExperimentBody record={shown} />}
    </>
  );
}

function ExperimentCards({ list }: { readonly list: readonly ExperimentRecord[] }): JSX.Element {
  return (
    <ul class="cards">
      {list.map(({ result, progress, changedAt }) => (
        <li key={result.experiment} class="panel">
          <h2>
            <Link to={pathOf('experiments', result.experiment)}>{result.experiment}</Link>{' '}
            <VerdictBadge verdict={result.verdict} />
          </h2>
          <p>{result.claim}</p>
          <progress
            aria-label={`Progress of ${result.experiment}`}
            max={progress.total}
            value={progress.done}
          />
          <p class="soft">
            {count(progress.done)} of {count(progress.total)} pipelines · {clock(changedAt)}
          </p>
        </li>
      ))}
    </ul>
  );
}
