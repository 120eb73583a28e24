import { jobStateFromJSON, Pipeline, PipelineServiceDefinition } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { allPages } from './all-pages.ts';
import { answered } from './answered.ts';
import type { JobService } from './job-service.ts';
import type { JobView } from './job-view.ts';

export function pipelineJobs(address: string): JobService {
  const client = createClient(PipelineServiceDefinition, address);
  return {
    kind: 'pipeline',
    list: async ({ state = 'JOB_STATE_UNSPECIFIED', limit }) =>
      (
        await allPages(limit, async (page) => {
          const { pipelines, nextPageToken } = await client.list({ state: jobStateFromJSON(state), ...page });
          return { items: pipelines, nextPageToken };
        })
      ).map(view),
    get: async (id) => view((await client.get({ id })).pipeline),
    async *watch(id, signal) {
      for await (const { pipeline } of client.watch({ id }, { signal })) yield view(pipeline);
    },
    cancel: async (id) => view((await client.cancel({ id })).pipeline),
    retry: async (id) => view((await client.resume({ id })).pipeline),
    close: () => client.close(),
  };
}

function view(answer: Pipeline | undefined): JobView {
  const pipeline = answered('trainer', answer);
  const { spec, stages, report } = pipeline;
  const arms = report?.arms ?? [];
  return {
    kind: 'pipeline',
    status: pipeline.status,
    about: `${spec?.name ?? ''} into ${spec?.outputUri ?? ''}`,
    result: arms
      .map(({ name, metrics }) => `${name} boxAP ${metrics.boxAP?.mean.toFixed(4) ?? '?'}`)
      .join(', '),
    details: stages.map(({ name, jobId, service, status }) => {
      const state = status?.state.replace('JOB_STATE_', '').toLowerCase() ?? '';
      return `${name.padEnd(24)} ${state.padEnd(10)} ${service} ${jobId}`;
    }),
    paused: '',
    parts: stages.map(({ jobId }) => jobId),
    json: Pipeline.toJSON(pipeline),
  };
}
