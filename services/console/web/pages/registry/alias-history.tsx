import type { GetAliasResponse } from '@cassl/proto';
import type { JSX } from 'preact';
import { clock, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { ErrorNote } from '../../parts/notes.tsx';
import { Link, pathOf } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';
import { ruleText } from './rule-text.ts';

/** Every change of an alias, newest first: what it did, who did it and why. */
export function AliasHistory({ alias }: { readonly alias: string }): JSX.Element {
  const { value, error } = useAnswer<Json<GetAliasResponse>>(
    `/registry/alias?name=${encodeURIComponent(alias)}`,
  );
  const checkpoint = (digest: string): JSX.Element | string =>
    digest === '' ? (
      'nowhere'
    ) : (
      <Link to={pathOf('registry', digest)} class="digest">
        {shortDigest(digest)}
      </Link>
    );
  return (
    <section class="panel" aria-label={`History of ${alias}`}>
      <h2>History of {alias}</h2>
      <ErrorNote error={error} />
      {value?.rule !== undefined && <p>A checkpoint must show: {ruleText(value.rule)}</p>}
      {value !== undefined && (
        <DataTable
          columns={['when', 'what', 'to', 'from', 'who', 'why']}
          rows={value.history.map(({ changedAt, kind, digest, previousDigest, actor, reason, revision }) => ({
            key: revision,
            cells: [
              clock(changedAt),
              kind.slice('ALIAS_CHANGE_KIND_'.length).toLowerCase(),
              checkpoint(digest),
              checkpoint(previousDigest),
              actor,
              reason,
            ],
          }))}
        />
      )}
    </section>
  );
}
