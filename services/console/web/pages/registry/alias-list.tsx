import type { Alias } from '@cassl/proto';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { clock, count, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { afterMore, MORE_STEP, MoreOf } from '../../parts/more-of.tsx';
import { ErrorNote } from '../../parts/notes.tsx';
import { Link, pathOf } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';
import { ruleText } from './rule-text.ts';

interface AliasPage {
  readonly aliases: readonly Json<Alias>[];
  readonly isMore: boolean;
}

/** Where each alias points, by name. */
export function AliasList(): JSX.Element {
  const [most, setMost] = useState(MORE_STEP);
  const { value, error } = useAnswer<AliasPage>(`/registry/aliases?most=${most}`);
  return (
    <section class="panel">
      <h2>Aliases</h2>
      <ErrorNote error={error} />
      {value?.aliases.length === 0 && <p class="soft">None yet.</p>}
      {value !== undefined && value.aliases.length > 0 && (
        <DataTable
          columns={['alias', 'checkpoint', 'since', 'must show']}
          rows={value.aliases.map(({ alias, digest, changedAt, rule }) => ({
            key: alias,
            cells: [
              <Link to={`/registry?alias=${encodeURIComponent(alias)}`}>{alias}</Link>,
              <Link to={pathOf('registry', digest)} class="digest">
                {shortDigest(digest)}
              </Link>,
              clock(changedAt),
              ruleText(rule),
            ],
          }))}
        />
      )}
      {value?.isMore === true && (
        <MoreOf
          which={`The first ${count(value.aliases.length)} aliases by name`}
          shown={value.aliases.length}
          verb="Show more"
          command="RegistryService.ListAliases"
          onMore={() => setMost(afterMore(most))}
        />
      )}
    </section>
  );
}
