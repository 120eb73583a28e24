import { isEnded } from '@cassl/jobs';
import {
  jobStateFromJSON,
  Labeling,
  LabelerServiceDefinition,
  type LabelFile,
  type LabelingSpec,
} from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { allPages } from './all-pages.ts';
import { answered } from './answered.ts';
import type { JobService } from './job-service.ts';
import type { JobView } from './job-view.ts';

/** What only labelings can do. */
export interface LabelingJobs extends JobService {
  pause(id: string, reason: string): Promise<JobView>;
  resume(id: string): Promise<JobView>;
  /** Label files of the shards that are done, in pool order. */
  files(id: string): AsyncIterable<LabelFile>;
}

export function labelingJobs(address: string): LabelingJobs {
  const client = createClient(LabelerServiceDefinition, address);
  return {
    kind: 'labeling',
    list: async ({ state = 'JOB_STATE_UNSPECIFIED', limit }) =>
      (
        await allPages(limit, async (page) => {
          const answer = await client.listLabelings({ state: jobStateFromJSON(state), ...page });
          return { items: answer.labelings, nextPageToken: answer.nextPageToken };
        })
      ).map(view),
    get: async (id) => view((await client.getLabeling({ id })).labeling),
    async *watch(id, signal) {
      for await (const { labeling } of client.watchLabeling({ id }, { signal })) yield view(labeling);
    },
    cancel: async (id) => view((await client.cancelLabeling({ id })).labeling),
    async retry(id) {
      const { labeling } = await client.getLabeling({ id });
      const hasDead = (labeling?.deadShardCount ?? 0) > 0;
      const again = hasDead ? client.retryDeadShards({ id }) : client.resumeLabeling({ id });
      return view((await again).labeling);
    },
    pause: async (id, reason) => view((await client.pauseLabeling({ id, reason })).labeling),
    resume: async (id) => view((await client.resumeLabeling({ id })).labeling),
    files: (id) => filesOf(client, id),
    close: () => client.close(),
  };
}

async function* filesOf(client: RpcClient<LabelerServiceDefinition>, id: string): AsyncGenerator<LabelFile> {
  for (let pageToken = ''; ;) {
    const page = await client.listLabelFiles({ id, pageSize: 1000, pageToken });
    yield* page.files;
    if (page.nextPageToken === '') return;
    pageToken = page.nextPageToken;
  }
}

/** What labels: a checkpoint, a file or a model of another server. */
function teacherOf(spec: LabelingSpec | undefined): string {
  const source = spec?.teacher?.source;
  if (source?.$case === 'onnx') return source.value.uri;
  if (source?.$case === 'endpoint') return `${source.value.model} at ${source.value.address}`;
  return spec?.checkpoint ?? '';
}

function view(answer: Labeling | undefined): JobView {
  const job = answered('labeler', answer);
  const { spec, failures, deadShards, deadShardCount, pause, shardsDone, shardCount } = job;
  return {
    kind: 'labeling',
    status: job.status,
    about: `${spec?.pool?.uri ?? ''} with ${teacherOf(spec)}`,
    result: job.labelSetUri,
    details: [
      `${shardsDone} of ${shardCount} shards; ${job.labelCount} labels on ${job.labeledImages} images, ${job.emptyImages} without, ${job.failedImages} failed`,
      ...failures.map(({ key, error }) => `${key}: ${error?.code ?? ''} ${error?.message ?? ''}`),
      ...deadShards.map((shard) => `given up: shard ${shard}`),
      ...(deadShardCount > deadShards.length ? [`given up: ${deadShardCount} shards in all`] : []),
    ],
    paused: pause === undefined || isEnded(job.status) ? '' : `by ${pause.by}: ${pause.reason}`,
    parts: [],
    json: Labeling.toJSON(job),
  };
}
