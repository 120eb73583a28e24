import { createHash } from 'node:crypto';
import { errorCode } from '@cassl/errors';
import { JobState, PipelineSpec, type Pipeline, type PipelineServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';

export type PipelineClient = RpcClient<typeof PipelineServiceDefinition>;

/** The same specification has the same id, so that the same command goes on with its own run. */
export function defaultPipelineId(spec: PipelineSpec): string {
  const digest = createHash('sha256').update(PipelineSpec.encode(spec).finish()).digest('hex');
  return `${spec.name}-${digest.slice(0, 10)}`;
}

/** Starts the pipeline under the id; where a run of that id failed or was cancelled, under the next free `id-2`, `id-3`. */
export async function startPipeline(
  client: PipelineClient,
  id: string,
  spec: PipelineSpec,
): Promise<Pipeline> {
  for (let attempt = 1; ; attempt += 1) {
    const tried = attempt === 1 ? id : `${id}-${attempt}`;
    const known = await find(client, tried);
    const hasFailed =
      known?.status?.state === JobState.JOB_STATE_FAILED ||
      known?.status?.state === JobState.JOB_STATE_CANCELLED;
    if (hasFailed) continue;
    const { pipeline } = await client.start({ id: tried, spec });
    if (pipeline !== undefined) return pipeline;
  }
}

async function find(client: PipelineClient, id: string): Promise<Pipeline | undefined> {
  try {
    return (await client.get({ id })).pipeline;
  } catch (error) {
    if (errorCode(error) === 'NOT_FOUND') return undefined;
    throw error;
  }
}
