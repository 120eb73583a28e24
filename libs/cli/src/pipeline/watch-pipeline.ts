import { setTimeout as delay } from 'node:timers/promises';
import { CasslError, errorCode, unavailable, type ErrorCode } from '@cassl/errors';
import { JobState, type Pipeline } from '@cassl/proto';
import type { PipelineClient } from './pipeline-id.ts';

const GIVE_UP_AFTER_MS = 120_000;

/**
 * Follows a pipeline to its end, through restarts of its service.
 * @throws the pipeline's own error when it fails; UNAVAILABLE when its service stays away
 */
export async function watchPipeline(
  client: PipelineClient,
  id: string,
  onChange: (pipeline: Pipeline) => void,
): Promise<Pipeline> {
  let seenAt = performance.now();
  let latest: Pipeline | undefined;
  for (;;) {
    try {
      for await (const { pipeline } of client.watch({ id }, { deadlineMs: Infinity })) {
        seenAt = performance.now();
        latest = pipeline ?? latest;
        if (pipeline !== undefined) onChange(pipeline);
      }
    } catch (error) {
      if (!['UNAVAILABLE', 'CANCELLED'].includes(errorCode(error))) throw error;
      if (performance.now() - seenAt > GIVE_UP_AFTER_MS) {
        throw unavailable(
          `the trainer did not answer for ${GIVE_UP_AFTER_MS / 1000} s; run the same command again to go on`,
          {
            cause: error,
          },
        );
      }
      await delay(500);
      continue;
    }
    const status = latest?.status;
    if (latest !== undefined && status?.state === JobState.JOB_STATE_SUCCEEDED) return latest;
    if (status?.state === JobState.JOB_STATE_FAILED || status?.state === JobState.JOB_STATE_CANCELLED) {
      const { code, message } = status.error ?? { code: 'CANCELLED', message: 'it was cancelled' };
      throw new CasslError(code as ErrorCode, `pipeline ${id}: ${message}`);
    }
  }
}
