import type { Detector } from '@cassl/detector';
import { openProcessGroup, type ProcessGroup } from '@cassl/engine';
import { failedPrecondition } from '@cassl/errors';
import type { RankPlace } from './rank-plan.ts';

/** Pods of one job may wait for their nodes and images. */
const MEETING_MS = 600_000;
/** Longer than the leader takes to write a checkpoint, while the others wait in the next step. */
const TIMEOUT_MS = 300_000;

/** Waits for the other ranks. */
export function joinRanks(place: RankPlace): Promise<ProcessGroup> {
  return openProcessGroup({ ...place, meetingMs: MEETING_MS, timeoutMs: TIMEOUT_MS });
}

/**
 * Makes sure that all ranks begin with the same data at the same step, and gives all of them rank 0's weights: an alias may have
 * moved between two ranks' downloads.
 * @throws FAILED_PRECONDITION that names what is different
 */
export function sameStart(
  group: Pick<ProcessGroup, 'gather' | 'broadcast'>,
  detector: Detector,
  start: { readonly data: string; readonly from: number },
): void {
  const starts = group.gather(JSON.stringify(start));
  const odd = starts.findIndex((other) => other !== starts[0]);
  if (odd > 0) {
    throw failedPrecondition(
      `ranks must start alike, but rank 0 has ${starts[0]} and rank ${odd} ${starts[odd]}: they need one job folder and one state of the data`,
    );
  }
  const variables = [...detector.parameters.values()];
  group.broadcast(variables).forEach((weights, index) => {
    variables[index]?.assign(weights);
    weights.dispose();
  });
}
