import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { callApi, type ApiError } from '../../api.ts';
import { count } from '../../format.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { ErrorNote } from '../../parts/notes.tsx';
import { Link } from '../../router.tsx';

interface Gate {
  readonly alias: string;
  readonly passes: boolean;
  readonly reason: string;
}

interface GatesAnswer {
  readonly gates: readonly Gate[];
  readonly seenAliases: number;
  readonly isMore: boolean;
}

/** What every alias that has a rule would say, were it to move here. Nothing is moved. */
export function Gates({ digest }: { readonly digest: string }): JSX.Element {
  const [answer, setAnswer] = useState<GatesAnswer>();
  const [error, setError] = useState<ApiError>();
  const ask = (): void => {
    setError(undefined);
    callApi<GatesAnswer>(`/registry/checkpoints/${digest}/gates`, { method: 'POST' }).then(
      setAnswer,
      setError,
    );
  };
  const gates = answer?.gates;
  return (
    <section class="panel">
      <h2>Gates</h2>
      <p class="soft">
        Whether the aliases that have a rule would move to it.{' '}
        <button type="button" onClick={ask}>
          Ask the registry
        </button>
      </p>
      <ErrorNote error={error} />
      {answer?.isMore === true && (
        <p class="soft">The first {count(answer.seenAliases)} aliases by name were asked; there are more.</p>
      )}
      {gates?.length === 0 && <p>No alias has a rule.</p>}
      {gates !== undefined && gates.length > 0 && (
        <DataTable
          columns={['alias', 'would move', 'because']}
          rows={gates.map(({ alias, passes, reason }) => ({
            key: alias,
            cells: [
              <Link to={`/registry?alias=${encodeURIComponent(alias)}`}>{alias}</Link>,
              <span class={`badge ${passes ? 'good' : 'bad'}`}>{passes ? 'yes' : 'no'}</span>,
              reason,
            ],
          }))}
        />
      )}
    </section>
  );
}
