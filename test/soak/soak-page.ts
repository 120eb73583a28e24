import { growthOf, type DetectParts } from './count-detects.ts';
import type { OpenLoopResult } from './detect-load.ts';
import type { JobCount } from './job-load.ts';
import type { Life } from './processes.ts';
import { trendOf, type Measure, type Trend } from './trend.ts';

export interface SoakResult {
  readonly minutes: number;
  readonly cores: number;
  /** Detect calls a second that four clients got before. */
  readonly most: number;
  readonly calls: OpenLoopResult;
  readonly killed: Readonly<Record<string, number>>;
  readonly jobs: Readonly<Record<string, JobCount>>;
  /** The longest life of each process. */
  readonly lives: readonly Life[];
  readonly detects: DetectParts;
}

const MEASURES: readonly Measure[] = ['descriptors', 'threads', 'megabytes'];
const MAX_GROWTH = 0.02;

/** Nothing grew, no job and no call was lost. */
export function wentWell({ calls, jobs, lives, detects }: SoakResult): boolean {
  const grew = lives.some(({ samples }) =>
    MEASURES.some((measure) => trendOf(samples, measure)?.isFlat === false),
  );
  const lost = Object.values(jobs).some(({ others }) => others.length > 0);
  return !grew && !lost && Object.keys(calls.failures).length === 0 && growthOf(detects.cpuMs) <= MAX_GROWTH;
}

export function soakPage(result: SoakResult): string {
  const { minutes, cores, most, calls, killed, jobs, lives, detects } = result;
  const failures = listOf(calls.failures);
  return `# Soak

<!-- prettier-ignore-start -->

Written by \`make soak MINUTES=${minutes}\` on a machine of ${cores} cores that other programs used too. All services of one machine, a tiny
detector; Detect calls at half of the ${most.toFixed(0)} a second that four clients got before, and labelings, evaluations and trainings one after
another beside them, for ${minutes} minutes; every minute something is killed with \`kill -9\`, services are started again after a second.

- **Detect**: ${calls.calls} calls at ${(most / 2).toFixed(0)} a second; failed: ${failures || 'none'}.
- **Killed**: ${listOf(killed) || 'nothing'}.
${Object.entries(jobs)
  .map(
    ([noun, { done, others }]) =>
      `- **${noun}**: ${done} jobs SUCCEEDED; others: ${others.length === 0 ? 'none' : others.join('; ')}.\n`,
  )
  .join('')}
What the longest life of each process held: the median of its second quarter → of its last quarter (most).

| process | minutes | ${MEASURES.map(titleOf).join(' | ')} |
| --- | --- | --- | --- | --- |
${lives
  .map(({ name, samples, minutes: lived }) => {
    const cells = MEASURES.map((measure) => cellOf(trendOf(samples, measure)));
    return `| ${name} | ${lived.toFixed(1)} | ${cells.join(' | ')} |`;
  })
  .join('\n')}

Then ${detects.callsAPart * detects.cpuMs.length} Detect calls one after another, a thousand warming calls before them left out. Processor time does not change with what
else the machine does; the time that a client sees does.

| calls | ${detects.cpuMs.map((_, part) => `${part * detects.callsAPart + 1}–${(part + 1) * detects.callsAPart}`).join(' | ')} | last above first |
| --- | ${detects.cpuMs.map(() => '---').join(' | ')} | --- |
| processor, ms a call | ${detects.cpuMs.map((ms) => ms.toFixed(2)).join(' | ')} | ${percent(growthOf(detects.cpuMs))} |
| client, median ms | ${detects.wallMs.map((ms) => ms.toFixed(2)).join(' | ')} | ${percent(growthOf(detects.wallMs))} |

<!-- prettier-ignore-end -->
`;
}

function titleOf(measure: Measure): string {
  return measure === 'megabytes' ? 'resident MiB' : measure;
}

function cellOf(trend: Trend | undefined): string {
  if (trend === undefined) return 'too short a life';
  const { early, late, most, isFlat } = trend;
  return `${early.toFixed(0)} → ${late.toFixed(0)} (${most.toFixed(0)})${isFlat ? '' : ' **grew**'}`;
}

function listOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count} ×`)
    .join(', ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
