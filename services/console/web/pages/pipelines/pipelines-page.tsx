import type { JobStatus } from '@cassl/proto';
import type { JSX } from 'preact';
import { clock, duration } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Badge } from '../../parts/badge.tsx';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { elapsedSeconds, Progress, progressText } from '../../parts/progress.tsx';
import { ShowMore, useList } from '../../parts/show-more.tsx';
import { Link, pathOf } from '../../router.tsx';
import { stageTitle } from './stage-titles.ts';

interface PipelineLine {
  readonly status: Json<JobStatus> | undefined;
  readonly name: string;
  readonly running: readonly string[];
}

/** All pipelines, newest first, as they go on. */
export function PipelinesPage(): JSX.Element {
  const list = useList<PipelineLine>('/pipelines/events');
  const { value, error } = list;
  return (
    <>
      <h1>Pipelines</h1>
      <ErrorNote error={error} />
      {value?.length === 0 && (
        <EmptyNote>
          No pipeline yet. Start one with <code>make demo</code> or <code>cassl run pipeline.yaml</code>.
        </EmptyNote>
      )}
      <ul class="cards">
        {value?.map((line) => (
          <PipelineCard key={line.status?.id} line={line} />
        ))}
      </ul>
      <ShowMore list={list} what="pipelines" />
    </>
  );
}

function PipelineCard({ line: { status, name, running } }: { readonly line: PipelineLine }): JSX.Element {
  const id = status?.id ?? '';
  return (
    <li class="panel">
      <h2>
        <Link to={pathOf('pipelines', id)}>{id}</Link> <Badge state={status?.state} />
      </h2>
      <Progress progress={status?.progress} label={`Progress of ${id}`} />
      <p class="soft">
        {name} · started {clock(status?.createdAt)} · {duration(elapsedSeconds(status))} ·{' '}
        {progressText(status)}
      </p>
      {running.length > 0 && <p class="soft">now: {running.map(stageTitle).join(', ')}</p>}
      {status?.error !== undefined && <ErrorNote error={status.error} />}
    </li>
  );
}
