import { Histogram, LinePlot } from '@cassl/charts';
import type { GetEvaluationResponse, ThresholdQuality } from '@cassl/proto';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count, percent } from '../../format.ts';
import type { Json } from '../../json.ts';
import { CopyLine } from '../../parts/copy-line.tsx';
import { shellWord } from '../../parts/shell-word.ts';
import { ErrorNote, Facts } from '../../parts/notes.tsx';
import { Slider } from '../../parts/slider.tsx';
import { pathOf } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';
import { countAbove, qualityAt } from './threshold-facts.ts';

export interface ScoreCounts {
  readonly threshold: number;
  readonly images: number;
  readonly labels: readonly number[];
  readonly best: readonly number[];
}

interface ThresholdPanelProps {
  /** Of the label set. */
  readonly address: string;
  /** The labeling job; the pipeline's threshold job has its name with another end. */
  readonly job: string;
}

/** The scores of a label set, and what another threshold δ would keep of it. */
export function ThresholdPanel({ address, job }: ThresholdPanelProps): JSX.Element {
  const { value, error } = useAnswer<ScoreCounts>(`/label-sets/scores?set=${encodeURIComponent(address)}`);
  const sweep = useSweep(job);
  const [moved, setMoved] = useState<number>();
  if (value === undefined) return <ErrorNote error={error} />;
  const threshold = moved ?? Math.round(100 * value.threshold) / 100;
  const kept = countAbove(value.labels, threshold);
  const images = countAbove(value.best, threshold);
  const quality = qualityAt(sweep, threshold);
  return (
    <section class="panel">
      <h2>Scores and threshold</h2>
      <Slider
        label={`δ = ${threshold.toFixed(2)}`}
        min={0}
        max={0.99}
        step={0.01}
        value={threshold}
        say={(at) => `${at.toFixed(2)}: ${count(countAbove(value.labels, at))} labels stay`}
        onChange={setMoved}
      />
      <Facts
        facts={[
          ['labels that stay', `${count(kept)} of ${count(countAbove(value.labels, 0))}`],
          ['images with a label', `${count(images)} of ${count(value.images)}`],
          ['precision on labeled data', quality === undefined ? '' : percent(quality.precision)],
          ['recall on labeled data', quality === undefined ? '' : percent(quality.recall)],
          ['F1 on labeled data', quality === undefined ? '' : percent(quality.f1)],
        ]}
      />
      <div class="charts">
        <Histogram
          title="Scores of the labels"
          xLabel="score"
          yLabel="labels"
          counts={value.labels}
          threshold={threshold}
          summary={`Scores of the labels: ${count(kept)} are above ${threshold.toFixed(2)}`}
        />
        <LinePlot
          title="Precision and recall on held-out labeled images"
          xLabel="threshold δ"
          yLabel="share"
          yRange={[0, 1]}
          mark={threshold}
          lines={[
            { name: 'precision', points: measured(sweep, ({ precision }) => precision) },
            { name: 'recall', points: measured(sweep, ({ recall }) => recall) },
            { name: 'F1', points: measured(sweep, ({ f1 }) => f1) },
          ]}
        />
      </div>
      {Math.abs(threshold - value.threshold) > 0.005 && (
        <CopyLine
          title="Make this set"
          text={`cassl labels threshold ${shellWord(address)} ${threshold.toFixed(2)}`}
        />
      )}
    </section>
  );
}

/** Where nothing is kept any more, there is no precision. */
function measured(
  sweep: readonly Json<ThresholdQuality>[],
  of: (point: Json<ThresholdQuality>) => number,
): (readonly [threshold: number, value: number])[] {
  return sweep
    .map((point) => [point.threshold, of(point)] as const)
    .filter(([, value]) => Number.isFinite(value));
}

/** Of the evaluation that chose the threshold of the pipeline, where there was one. */
function useSweep(job: string): readonly Json<ThresholdQuality>[] {
  const id = job.endsWith('-labeling') ? `${job.slice(0, -'labeling'.length)}threshold` : undefined;
  const path = id === undefined ? undefined : pathOf('evaluations', id);
  return useAnswer<Json<GetEvaluationResponse>>(path).value?.job?.sweep ?? [];
}
