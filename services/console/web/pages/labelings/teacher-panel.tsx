import { LinePlot } from '@cassl/charts';
import type { Labeling } from '@cassl/proto';
import type { JSX } from 'preact';
import { count, fixed, number, percent } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Facts } from '../../parts/notes.tsx';
import { pathOf } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';

interface ShardsPoint {
  readonly shard: number;
  readonly emptyRate: number;
  readonly labelsPerImage: number;
}

interface ShardsAnswer {
  readonly points: readonly ShardsPoint[];
  readonly shards: number;
  /** The job has further ones. */
  readonly isMore: boolean;
}

interface TeacherPanelProps {
  readonly id: string;
  readonly labeling: Json<Labeling>;
  /** Asks for the shards again when it changes. */
  readonly version: unknown;
}

/** How the teacher does, now and over the pool: one that collapses finds nothing, or the same everywhere. */
export function TeacherPanel({ id, labeling: { health }, version }: TeacherPanelProps): JSX.Element | null {
  const { value } = useAnswer<ShardsAnswer>(pathOf('labelings', id, 'shards'), version);
  const points = value?.points ?? [];
  if (health === undefined && points.length === 0) return null;
  const line = (name: string, of: (point: ShardsPoint) => number) => [
    { name, points: points.map((point) => [point.shard, of(point)] as const) },
  ];
  return (
    <section class="panel">
      <h2>Health of the teacher</h2>
      {health !== undefined && (
        <Facts
          facts={[
            ['images without a label', percent(health.emptyRate)],
            ['images with as many as allowed', percent(health.fullRate)],
            ['labels an image', number(health.labelsPerImage)],
            ['scores at 10, 50, 90 %', health.scoreQuantiles.map((score) => fixed(score, 2)).join(', ')],
            ['drift (PSI; from 0.25 on marked)', number(health.drift)],
          ]}
        />
      )}
      {value?.isMore === true && (
        <p class="soft">
          The charts show the first {count(value.shards)} shards of the pool; there are more.
        </p>
      )}
      {points.length > 1 && (
        <div class="charts">
          <LinePlot
            title="Labels an image, over the pool"
            xLabel="shard"
            yLabel="labels an image"
            lines={line('labels an image', ({ labelsPerImage }) => labelsPerImage)}
          />
          <LinePlot
            title="Images without a label, over the pool"
            xLabel="shard"
            yLabel="share"
            yRange={[0, 1]}
            lines={line('share', ({ emptyRate }) => emptyRate)}
          />
        </div>
      )}
    </section>
  );
}
