import { createHash } from 'node:crypto';
import { internal } from '@cassl/errors';
import { JobState, PipelineSpec, type Pipeline, type PipelineServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';

export type PipelineClient = RpcClient<typeof PipelineServiceDefinition>;

/** The same specification has the same id, so that the same command goes on with its own run. */
export function defaultPipelineId(spec: PipelineSpec): string {
  const digest = createHash('sha256').update(PipelineSpec.encode(spec).finish()).digest('hex');
  return `${spec.name}-${digest.slice(0, 10)}`;
}

/** Starts the pipeline, or goes on with it: one that failed or was cancelled at the stages that did not succeed. */
export async function startPipeline(
  client: PipelineClient,
  id: string,
  spec: PipelineSpec,
): Promise<Pipeline> {
  const { pipeline } = await client.start({ id, spec });
  if (pipeline === undefined) throw internal('the trainer answered without the pipeline');
  const state = pipeline.status?.state;
  if (state !== JobState.JOB_STATE_FAILED && state !== JobState.JOB_STATE_CANCELLED) return pipeline;
  const resumed = await client.resume({ id });
  return resumed.pipeline ?? pipeline;
}
