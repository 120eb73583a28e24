import type { GetCheckpointResponse, GetLineageResponse } from '@cassl/proto';
import type { JSX } from 'preact';
import { bytes, clock, count, duration, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { EmptyNote, ErrorNote, Facts } from '../../parts/notes.tsx';
import { Link } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';
import { EvaluationTable } from './evaluation-table.tsx';
import { Gates } from './gates.tsx';
import { LineageGraph } from './lineage-graph.tsx';
import { PullCommands } from './pull-commands.tsx';
import { stageName } from './stage-name.ts';

interface CheckpointAnswer extends Json<GetCheckpointResponse> {
  readonly lineage: Json<GetLineageResponse>;
  readonly registryHttpUrl: string;
}

/** One checkpoint: what it is, how good it is, what it was made of, how to get it. */
export function CheckpointPage({ reference }: { readonly reference: string }): JSX.Element {
  const { value, error } = useAnswer<CheckpointAnswer>(
    `/registry/checkpoints/${encodeURIComponent(reference)}`,
  );
  const checkpoint = value?.checkpoint;
  if (value === undefined || checkpoint === undefined) {
    return error === undefined ? <EmptyNote>Asking the registry…</EmptyNote> : <ErrorNote error={error} />;
  }
  const { digest, manifest, damage, aliases } = checkpoint;
  return (
    <>
      <h1>
        <code>{shortDigest(digest)}</code> {stageName(manifest?.stage)}
      </h1>
      {damage !== '' && <ErrorNote error={{ code: 'DATA_LOSS', message: damage }} />}
      <section class="panel">
        <Facts
          facts={[
            ['sha256', <code>{digest}</code>],
            [
              'aliases',
              aliases.map((alias) => (
                <Link key={alias} to={`/registry?alias=${encodeURIComponent(alias)}`} class="digest">
                  {alias}
                </Link>
              )),
            ],
            ['size', `${bytes(checkpoint.sizeBytes)}, ${count(checkpoint.tensorCount)} tensors`],
            ['parameters', count(checkpoint.parameterCount)],
            ['published', clock(checkpoint.createdAt)],
            ['training', <TrainingLink id={manifest?.trainingId ?? ''} />],
            ['iterations', count(manifest?.iterations ?? 0)],
            ['seed', String(manifest?.seed ?? '')],
            ['licence', manifest?.license ?? ''],
            ['classes', manifest?.categories.map(({ name }) => name).join(', ')],
            [
              'device time',
              manifest?.cost && `${duration(manifest.cost.deviceSeconds)} on ${manifest.cost.device}`,
            ],
            ['code', manifest?.codeVersion],
          ]}
        />
      </section>
      <EvaluationTable evaluations={value.evaluations} />
      <LineageGraph lineage={value.lineage} />
      <PullCommands digest={digest} aliases={aliases} url={value.registryHttpUrl} />
      <Gates digest={digest} />
      <details class="panel">
        <summary>Configuration and training</summary>
        <pre tabIndex={0}>
          {JSON.stringify({ model: manifest?.model, training: manifest?.training }, null, 2)}
        </pre>
      </details>
    </>
  );
}

function TrainingLink({ id }: { readonly id: string }): JSX.Element | null {
  return id === '' ? null : <Link to={`/trainings?runs=${encodeURIComponent(id)}`}>{id}</Link>;
}
