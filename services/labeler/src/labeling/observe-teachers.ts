import { isEnded } from '@cassl/jobs';
import type { Labeling, TeacherHealth } from '@cassl/proto';
import { Gauge, type Registry } from '@cassl/rpc';

const QUANTILES = ['0.1', '0.5', '0.9'] as const;

interface HealthGauge {
  readonly name: string;
  readonly help: string;
  readonly of: (health: TeacherHealth) => number;
}

const GAUGES: readonly HealthGauge[] = [
  {
    name: 'cassl_teacher_empty_rate',
    help: 'Share of the images of a running labeling without any label',
    of: ({ emptyRate }) => emptyRate,
  },
  {
    name: 'cassl_teacher_full_rate',
    help: 'Share of the images of a running labeling with as many labels as are allowed',
    of: ({ fullRate }) => fullRate,
  },
  {
    name: 'cassl_teacher_labels_per_image',
    help: 'Labels an image of a running labeling',
    of: ({ labelsPerImage }) => labelsPerImage,
  },
  {
    name: 'cassl_teacher_drift',
    help: 'Population stability index of the last scores of a running labeling against its first',
    of: ({ drift }) => drift,
  },
];

/** What the teachers of the running labelings give, read from their records at every scrape: the same from every replica. */
export function observeTeachers(all: () => readonly Labeling[], metrics: Registry): void {
  const registers = [metrics];
  const running = (): { labeling: string; health: TeacherHealth }[] =>
    all().flatMap(({ status, health }) =>
      status === undefined || health === undefined || isEnded(status)
        ? []
        : [{ labeling: status.id, health }],
    );
  for (const { name, help, of } of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames: ['labeling'],
      registers,
      collect() {
        this.reset();
        for (const { labeling, health } of running()) this.set({ labeling }, of(health));
      },
    });
  }
  new Gauge({
    name: 'cassl_teacher_score',
    help: 'Quantiles of the scores of a running labeling',
    labelNames: ['labeling', 'quantile'],
    registers,
    collect() {
      this.reset();
      for (const { labeling, health } of running()) {
        health.scoreQuantiles.forEach((score, index) => {
          const quantile = QUANTILES[index];
          if (quantile !== undefined) this.set({ labeling, quantile }, score);
        });
      }
    },
  });
}
