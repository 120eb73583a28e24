import type { JSX } from 'preact';
import { clock, count, duration, shortDigest } from '../../format.ts';
import { Badge, isEnded } from '../../parts/badge.tsx';
import { LogLines } from '../../parts/log-lines.tsx';
import { EmptyNote, ErrorNote, Facts } from '../../parts/notes.tsx';
import { elapsedSeconds, progressText } from '../../parts/progress.tsx';
import { Link, pathOf } from '../../router.tsx';
import { linesOf } from '../trainings/chart-lines.ts';
import { LiveChart } from '../trainings/live-chart.tsx';
import { useRuns } from '../trainings/use-runs.ts';
import type { ShownStage } from './stage-graph.tsx';
import { stageTitle } from './stage-titles.ts';

/** All about one stage: how fast, on what, where it stands, its last log lines. */
export function StagePanel({ stage }: { readonly stage: ShownStage }): JSX.Element {
  const { name, service, needs, started } = stage;
  const status = started?.status;
  const { value: runs } = useRuns(service === 'trainer' && started !== undefined ? [started.jobId] : []);
  const run = started === undefined ? undefined : runs?.byId.get(started.jobId);
  const training = run?.training;
  if (started === undefined) {
    return (
      <section class="panel" aria-label={stageTitle(name)}>
        <h3>{stageTitle(name)}</h3>
        <EmptyNote>Not started: it needs {needs.map(stageTitle).join(' and ') || 'its turn'}.</EmptyNote>
      </section>
    );
  }
  return (
    <section class="panel" aria-label={stageTitle(name)}>
      <h3>
        {stageTitle(name)} <Badge state={status?.state} />
      </h3>
      {status?.error !== undefined && <ErrorNote error={status.error} />}
      <Facts
        facts={[
          ['progress', progressText(status)],
          ['says', status?.progress?.message],
          ['service', service],
          ['job', jobLink(service, started.jobId, name.startsWith('evaluate/') && isEnded(status?.state))],
          ['engine', training?.engine],
          ['started', clock(status?.startedAt)],
          ['took', duration(elapsedSeconds(status))],
          ['attempt', status === undefined || status.attempt < 2 ? '' : count(status.attempt)],
          ['leader', status?.leader],
          ['result', resultLink(service, started.result)],
        ]}
      />
      {run !== undefined && (
        <div class="charts">
          {['loss/total', 'images/s'].map((curve) => (
            <LiveChart key={curve} title={curve} version={runs?.version} lines={linesOf([run], curve)} />
          ))}
        </div>
      )}
      {training !== undefined && training.notes.length > 0 && (
        <details>
          <summary>What was not used of the data</summary>
          <pre tabIndex={0}>{training.notes.join('\n')}</pre>
        </details>
      )}
      <LogLines service={service} job={started.jobId} version={status?.state} />
    </section>
  );
}

function jobLink(service: string, id: string, evaluates: boolean): JSX.Element {
  if (service === 'trainer') return <Link to={`/trainings?runs=${encodeURIComponent(id)}`}>{id}</Link>;
  if (service === 'labeler') return <Link to={pathOf('labelings', id)}>{id}</Link>;
  // Thresholds and scores of labels have no detections of their own.
  return evaluates ? (
    <Link to={`/images?evaluation=${encodeURIComponent(id)}`}>{id}</Link>
  ) : (
    <span>{id}</span>
  );
}

function resultLink(service: string, result: string): JSX.Element | string {
  if (result === '') return '';
  if (service !== 'trainer') return result;
  return <Link to={pathOf('registry', result)}>checkpoint {shortDigest(result)}</Link>;
}
