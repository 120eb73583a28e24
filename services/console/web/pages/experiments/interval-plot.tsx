import type { JSX } from 'preact';
import { signedPercent } from './signed-percent.ts';

interface IntervalPlotProps {
  readonly name: string;
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  /** Reach of the axis to both sides of zero, the same for all statements. */
  readonly reach: number;
}

const WIDTH = 240;
const HEIGHT = 20;
/** Of style.css, by daylight and in the dark. */
const COLOUR = 'var(--series-0)';

/** A difference with its interval beside zero. */
export function IntervalPlot({ name, difference, interval, reach }: IntervalPlotProps): JSX.Element {
  const x = (value: number): number => (WIDTH / 2) * (1 + value / reach);
  const [low, high] = interval;
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`${name}: ${signedPercent(difference)}, from ${signedPercent(low)} to ${signedPercent(high)}`}
    >
      <line x1={WIDTH / 2} x2={WIDTH / 2} y1={0} y2={HEIGHT} stroke="currentColor" stroke-opacity={0.4} />
      <line x1={x(low)} x2={x(high)} y1={HEIGHT / 2} y2={HEIGHT / 2} stroke={COLOUR} stroke-width={3} />
      <circle cx={x(difference)} cy={HEIGHT / 2} r={5} fill={COLOUR} />
    </svg>
  );
}
