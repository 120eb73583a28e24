import type { Labeling } from '@cassl/proto';
import type { JSX } from 'preact';
import { count } from '../../format.ts';
import type { Json } from '../../json.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { Link } from '../../router.tsx';

/** What could not be labeled, or not even be read, and why. */
export function LabelingFailures({ labeling }: { readonly labeling: Json<Labeling> }): JSX.Element | null {
  const { failures, failedImages, deadShards, deadShardCount, pool, labelSetUri } = labeling;
  const unread = pool?.unread ?? [];
  if (failures.length + deadShards.length + unread.length === 0) return null;
  return (
    <section class="panel">
      <h2>What was not labeled</h2>
      {deadShards.map((reason) => (
        <p key={reason} class="note bad">
          {reason}
        </p>
      ))}
      {deadShardCount > deadShards.length && (
        <p class="soft">{count(deadShardCount)} shards were given up.</p>
      )}
      {failures.length > 0 && (
        <>
          <p class="soft">
            The first {failures.length} of {count(failedImages)} images that failed.{' '}
            {labelSetUri !== '' && (
              <Link to={`/images?set=${encodeURIComponent(labelSetUri)}&show=failed`}>
                Look at all of them
              </Link>
            )}
          </p>
          <DataTable
            columns={['image', 'code', 'reason']}
            rows={failures.map(({ key, error }) => ({ key, cells: [key, error?.code, error?.message] }))}
          />
        </>
      )}
      {unread.length > 0 && (
        <>
          <p class="soft">Not read of the pool:</p>
          <DataTable
            columns={['files', 'reason', 'for example']}
            rows={unread.map(({ count: files, reason, examples }) => ({
              key: reason,
              cells: [count(files), reason, examples.join(', ')],
            }))}
          />
        </>
      )}
    </section>
  );
}
