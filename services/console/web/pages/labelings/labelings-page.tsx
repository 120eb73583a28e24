import type { Labeling } from '@cassl/proto';
import type { JSX } from 'preact';
import { clock, count, duration } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Badge } from '../../parts/badge.tsx';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { elapsedSeconds, Progress, progressText } from '../../parts/progress.tsx';
import { ShowMore, useList } from '../../parts/show-more.tsx';
import { Link, pathOf } from '../../router.tsx';
import { shownState } from './shown-state.ts';

/** All labeling jobs, newest first, as they go on. */
export function LabelingsPage(): JSX.Element {
  const list = useList<Json<Labeling>>('/labelings/events');
  const { value, error } = list;
  return (
    <>
      <h1>Labelings</h1>
      <ErrorNote error={error} />
      {value?.length === 0 && (
        <EmptyNote>
          No labeling yet: a pipeline starts one, or <code>cassl label</code>.
        </EmptyNote>
      )}
      <ul class="cards">
        {value?.map((labeling) => (
          <LabelingCard key={labeling.status?.id} labeling={labeling} />
        ))}
      </ul>
      <ShowMore list={list} what="labelings" />
    </>
  );
}

function LabelingCard({ labeling }: { readonly labeling: Json<Labeling> }): JSX.Element {
  const { status, shardCount, shardsDone, labelCount, failedImages } = labeling;
  const id = status?.id ?? '';
  return (
    <li class="panel">
      <h2>
        <Link to={pathOf('labelings', id)}>{id}</Link> <Badge state={shownState(labeling)} />
      </h2>
      <Progress progress={status?.progress} label={`Progress of ${id}`} />
      <p class="soft">
        started {clock(status?.createdAt)} · {duration(elapsedSeconds(status))} · {progressText(status)}
      </p>
      <p class="soft">
        {count(shardsDone)} of {count(shardCount)} shards · {count(labelCount)} labels · {count(failedImages)}{' '}
        images failed
      </p>
    </li>
  );
}
