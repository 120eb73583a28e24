import { CasslError, internal, type ErrorCode } from '@cassl/errors';
import { isEnded } from '@cassl/jobs';
import { JobState, type Pipeline } from '@cassl/proto';
import { followWatch } from '@cassl/rpc';
import type { PipelineClient } from './pipeline-id.ts';

/**
 * Follows a pipeline to its end, through restarts of its service.
 * @throws the pipeline's own error when it fails; UNAVAILABLE when its service stays away
 */
export async function watchPipeline(
  client: PipelineClient,
  id: string,
  onChange: (pipeline: Pipeline) => void,
): Promise<Pipeline> {
  let latest: Pipeline | undefined;
  const answers = followWatch((signal) => client.watch({ id }, { signal }), {
    isLast: ({ pipeline }) => isEnded(pipeline?.status),
  });
  for await (const { pipeline } of answers) {
    latest = pipeline ?? latest;
    if (pipeline !== undefined) onChange(pipeline);
  }
  if (latest === undefined) throw internal('the trainer answered without the pipeline');
  if (latest.status?.state === JobState.JOB_STATE_SUCCEEDED) return latest;
  const { code, message } = latest.status?.error ?? { code: 'CANCELLED', message: 'it was cancelled' };
  throw new CasslError(code as ErrorCode, `pipeline ${id}: ${message}`);
}
