import type { Evaluation } from '@cassl/proto';
import type { JSX } from 'preact';
import { clock, count, percent, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { DataTable } from '../../parts/data-table.tsx';

/** First those that everybody asks for. */
const FIRST = ['bbox/AP', 'bbox/AP50', 'segm/AP', 'bbox-agnostic/AP', 'segm-agnostic/AP'];

/** The evaluations that are attached to a checkpoint. */
export function EvaluationTable({
  evaluations,
}: {
  readonly evaluations: readonly Json<Evaluation>[];
}): JSX.Element {
  const names = new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics)));
  const shown = [
    ...FIRST.filter((name) => names.has(name)),
    ...[...names].filter((name) => !FIRST.includes(name)),
  ];
  return (
    <section class="panel">
      <h2>Evaluations</h2>
      {evaluations.length === 0 ? (
        <p class="soft">None yet.</p>
      ) : (
        <DataTable
          columns={['evaluation', 'data set', 'images', 'when', ...shown]}
          rows={evaluations.map(({ id, datasetDigest, imageCount, createdAt, metrics }) => ({
            key: id,
            cells: [
              id,
              <code>{shortDigest(datasetDigest)}</code>,
              count(imageCount),
              clock(createdAt),
              ...shown.map((name) => percent(metrics[name] ?? NaN)),
            ],
          }))}
        />
      )}
    </section>
  );
}
