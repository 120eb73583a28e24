import type { Labeling, WatchLabelingResponse } from '@cassl/proto';
import type { JSX } from 'preact';
import { duration } from '../../format.ts';
import type { Json } from '../../json.ts';
import { ActionButton } from '../../parts/action-button.tsx';
import { Badge, isEnded } from '../../parts/badge.tsx';
import { LogLines } from '../../parts/log-lines.tsx';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { elapsedSeconds, Progress, progressText } from '../../parts/progress.tsx';
import { Link, pathOf } from '../../router.tsx';
import { useEvents } from '../../use-events.ts';
import { LabelingFacts } from './labeling-facts.tsx';
import { LabelingFailures } from './labeling-failures.tsx';
import { shownState } from './shown-state.ts';
import { TeacherPanel } from './teacher-panel.tsx';
import { ThresholdPanel } from './threshold-panel.tsx';

/** One labeling job, live. */
export function LabelingPage({ id }: { readonly id: string }): JSX.Element {
  const { value, error } = useEvents<Json<WatchLabelingResponse>, Json<Labeling> | undefined>(
    pathOf('labelings', id, 'events'),
    (_, { labeling }) => labeling,
  );
  return (
    <>
      <h1>
        {id} {value !== undefined && <Badge state={shownState(value)} />}
      </h1>
      <ErrorNote error={error} />
      {value === undefined && error === undefined && <EmptyNote>Asking the labeler…</EmptyNote>}
      {value !== undefined && <LabelingBody id={id} labeling={value} />}
    </>
  );
}

interface BodyProps {
  readonly id: string;
  readonly labeling: Json<Labeling>;
}

function LabelingBody({ id, labeling }: BodyProps): JSX.Element {
  const { status, pause, labelSetUri, shardCount, shardsDone } = labeling;
  return (
    <>
      <div class="panel">
        <Progress progress={status?.progress} label="Images labeled" />
        <p>
          {progressText(status)} · {duration(elapsedSeconds(status))}
        </p>
        {pause !== undefined && (
          <p class="note bad" role="alert">
            <strong>Paused by {pause.by}</strong> {pause.reason}
          </p>
        )}
        {status?.error !== undefined && <ErrorNote error={status.error} />}
        <Actions id={id} labeling={labeling} />
        {labelSetUri !== '' && (
          <p class="actions">
            <Link to={`/images?set=${encodeURIComponent(labelSetUri)}&job=${encodeURIComponent(id)}`}>
              Look at its images
            </Link>
          </p>
        )}
      </div>
      <LabelingFacts labeling={labeling} />
      {labelSetUri !== '' && <ThresholdPanel address={labelSetUri} job={id} />}
      <TeacherPanel
        id={id}
        labeling={labeling}
        version={`${Math.floor(shardsDone / shardsAStep(shardCount))} ${status?.state}`}
      />
      <LabelingFailures labeling={labeling} />
      <div class="panel">
        <LogLines service="labeler" job={id} version={status?.state} />
      </div>
    </>
  );
}

/** The teacher over the pool is drawn anew some fifty times, and at the end. */
function shardsAStep(shardCount: number): number {
  return Math.max(1, Math.ceil(shardCount / 50));
}

function Actions({ id, labeling: { status, pause, deadShardCount } }: BodyProps): JSX.Element {
  const hasEnded = isEnded(status?.state);
  const canResume = pause !== undefined || (hasEnded && status?.state !== 'JOB_STATE_SUCCEEDED');
  return (
    <p class="actions">
      {!hasEnded && pause === undefined && (
        <ActionButton label="Pause" path={pathOf('labelings', id, 'pause')} />
      )}
      {canResume && <ActionButton label="Resume" path={pathOf('labelings', id, 'resume')} />}
      {deadShardCount > 0 && (
        <ActionButton label="Try given-up shards again" path={pathOf('labelings', id, 'retry')} />
      )}
      {!hasEnded && (
        <ActionButton
          label="Cancel labeling"
          kind="danger"
          path={pathOf('labelings', id, 'cancel')}
          question="Stop it? What is labeled is kept."
        />
      )}
    </p>
  );
}
