import type { Labeling } from '@cassl/proto';
import type { JSX } from 'preact';
import { count, duration, number, shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Facts } from '../../parts/notes.tsx';
import { elapsedSeconds } from '../../parts/progress.tsx';
import { Link, pathOf } from '../../router.tsx';

/** Counts, speed and addresses of a labeling job. */
export function LabelingFacts({ labeling }: { readonly labeling: Json<Labeling> }): JSX.Element {
  const { spec, checkpointDigest, workerSeconds, status } = labeling;
  const images = labeling.labeledImages + labeling.emptyImages + labeling.failedImages;
  const perWorker = workerSeconds > 0 ? images / workerSeconds : 0;
  const seconds = elapsedSeconds(status);
  return (
    <section class="panel" aria-label="Facts">
      <Facts
        facts={[
          ['shards', `${count(labeling.shardsDone)} of ${count(labeling.shardCount)}`],
          ['images with labels', count(labeling.labeledImages)],
          ['images without', count(labeling.emptyImages)],
          ['images that failed', count(labeling.failedImages)],
          ['images with copied labels', spec?.knownLabels ? count(labeling.knownImages) : ''],
          ['labels', count(labeling.labelCount)],
          ['images/s of a worker', perWorker > 0 ? number(perWorker) : ''],
          ['workers on average', workerSeconds > 0 && seconds > 0 ? number(workerSeconds / seconds) : ''],
          ['worker time', duration(workerSeconds)],
          ['threshold δ', spec?.options === undefined ? '' : spec.options.threshold.toFixed(3)],
          [
            'teacher',
            checkpointDigest !== '' && (
              <Link to={pathOf('registry', checkpointDigest)}>{shortDigest(checkpointDigest)}</Link>
            ),
          ],
          ['pool', spec?.pool?.uri],
          ['output', spec?.outputUri],
          ['known labels', spec?.knownLabels],
          ['label set', labeling.labelSetUri],
          ['leader', status?.leader],
          ['attempt', status !== undefined && status.attempt > 1 ? count(status.attempt) : ''],
        ]}
      />
    </section>
  );
}
