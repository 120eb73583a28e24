import type { ListCheckpointsResponse } from '@cassl/proto';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { bytes, clock, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { ErrorNote } from '../../parts/notes.tsx';
import { Link, pathOf } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';
import { stageName } from './stage-name.ts';

/** Checkpoints, newest first, a page at a time. */
export function CheckpointList(): JSX.Element {
  const [tokens, setTokens] = useState<readonly string[]>(['']);
  const { value, error } = useAnswer<Json<ListCheckpointsResponse>>(
    `/registry/checkpoints?after=${encodeURIComponent(tokens.at(-1) ?? '')}`,
  );
  const next = value?.nextPageToken ?? '';
  return (
    <section class="panel">
      <h2>Checkpoints</h2>
      <ErrorNote error={error} />
      {value?.checkpoints.length === 0 && <p class="soft">None yet.</p>}
      {value !== undefined && value.checkpoints.length > 0 && (
        <DataTable
          columns={['checkpoint', 'made by', 'aliases', 'parameters', 'size', 'published', 'training']}
          rows={value.checkpoints.map((checkpoint) => ({
            key: checkpoint.digest,
            cells: [
              <Link to={pathOf('registry', checkpoint.digest)} class="digest">
                {shortDigest(checkpoint.digest)}
              </Link>,
              stageName(checkpoint.manifest?.stage),
              checkpoint.aliases.join(', '),
              `${(checkpoint.parameterCount / 1e6).toFixed(2)} M`,
              <span class="whole">{bytes(checkpoint.sizeBytes)}</span>,
              clock(checkpoint.createdAt),
              checkpoint.manifest?.trainingId ?? '',
            ],
          }))}
        />
      )}
      <p class="actions">
        {tokens.length > 1 && (
          <button type="button" onClick={() => setTokens(tokens.slice(0, -1))}>
            Newer
          </button>
        )}
        {next !== '' && (
          <button type="button" onClick={() => setTokens([...tokens, next])}>
            Older
          </button>
        )}
      </p>
    </section>
  );
}
