import { LinePlot, type PlotLine } from '@cassl/charts';
import type { TrainingPoint } from '@cassl/proto';
import { h, type JSX } from 'preact';
import type { ReportContent } from './report-content.ts';

interface Chart {
  readonly title: string;
  readonly yLabel: string;
  readonly isShown: (stage: string) => boolean;
  readonly value: (point: TrainingPoint) => number | undefined;
}

const isFinetuning = (stage: string): boolean => stage.startsWith('finetune/');
const isAgnostic = (stage: string): boolean => !isFinetuning(stage);

const CHARTS: readonly Chart[] = [
  {
    title: 'Loss of the class-agnostic stages',
    yLabel: 'loss',
    isShown: isAgnostic,
    value: (point) => point.losses['total'],
  },
  {
    title: 'Loss of finetuning',
    yLabel: 'loss',
    isShown: isFinetuning,
    value: (point) => point.losses['total'],
  },
  {
    title: 'Classification loss of finetuning',
    yLabel: 'loss',
    isShown: isFinetuning,
    value: (point) => point.losses['cls'],
  },
  { title: 'Learning rate', yLabel: 'rate', isShown: () => true, value: (point) => point.learningRate },
];

/** How the trainings went. */
export function CurvesSection({ trainings }: ReportContent): JSX.Element {
  return h(
    'section',
    null,
    h('h2', null, 'Training curves'),
    h(
      'div',
      { class: 'charts' },
      CHARTS.map(({ title, yLabel, isShown, value }) => {
        const lines = trainings
          .filter(({ stage }) => isShown(stage))
          .map(({ stage, training }): PlotLine => ({
            name: stage.replace(/^finetune\//, ''),
            points: training.curve.flatMap((point) => {
              const y = value(point);
              return y === undefined ? [] : [[point.iteration, y] as const];
            }),
          }));
        return h(LinePlot, { key: title, title, xLabel: 'iteration', yLabel, lines });
      }),
    ),
  );
}
