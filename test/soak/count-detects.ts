import { median } from './trend.ts';
import { sampleProcess } from './sample-process.ts';
import type { DetectLoad } from './detect-load.ts';

/** Detect calls one after another, in parts of equal size. */
export interface DetectParts {
  readonly callsAPart: number;
  /** Median of each part, milliseconds as the client sees them. */
  readonly wallMs: readonly number[];
  /** Processor time of the service and its model process a call in each part, milliseconds: other programs do not change it. */
  readonly cpuMs: readonly number[];
}

/** The first part warms up and is not told. */
export async function countDetects(
  load: DetectLoad,
  pids: () => readonly number[],
  { parts, callsAPart }: { readonly parts: number; readonly callsAPart: number },
): Promise<DetectParts> {
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  for (let part = 0; part <= parts; part++) {
    const cpuBefore = await cpuOf(pids());
    const took: number[] = [];
    for (let at = 0; at < callsAPart; at++) {
      const startedAt = performance.now();
      await load.call();
      took.push(performance.now() - startedAt);
    }
    if (part === 0) continue;
    wallMs.push(median(took));
    cpuMs.push((1000 * ((await cpuOf(pids())) - cpuBefore)) / callsAPart);
  }
  return { callsAPart, wallMs, cpuMs };
}

async function cpuOf(pids: readonly number[]): Promise<number> {
  const samples = await Promise.all(pids.map(sampleProcess));
  return samples.reduce((sum, sample) => sum + (sample?.cpuSeconds ?? 0), 0);
}

/** How far the last part is above the first, 0.02 being two percent. */
export function growthOf(parts: readonly number[]): number {
  return parts.at(-1)! / parts[0]! - 1;
}
