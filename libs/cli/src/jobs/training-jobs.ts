import { jobStateFromJSON, Training, TrainerServiceDefinition } from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { allPages } from './all-pages.ts';
import { answered } from './answered.ts';
import type { JobService } from './job-service.ts';
import type { JobView } from './job-view.ts';

export function trainingJobs(address: string): JobService {
  const client = createClient(TrainerServiceDefinition, address);
  return {
    kind: 'training',
    list: async ({ state = 'JOB_STATE_UNSPECIFIED', limit }) =>
      (
        await allPages(limit, async (page) => {
          const { trainings, nextPageToken } = await client.listTrainings({
            state: jobStateFromJSON(state),
            ...page,
          });
          return { items: trainings, nextPageToken };
        })
      ).map(view),
    get: async (id) => view((await client.getTraining({ id })).training),
    async *watch(id, signal) {
      for await (const { training } of client.watchTraining({ id }, { signal })) yield view(training);
    },
    cancel: async (id) => view((await client.cancelTraining({ id })).training),
    retry: async (id) => view((await client.resumeTraining({ id })).training),
    close: () => client.close(),
  };
}

function view(answer: Training | undefined): JobView {
  const training = answered('trainer', answer);
  const { spec, engine, notes, resumedFrom, checkpointDigest } = training;
  const stage = spec?.stage.replace('STAGE_', '').toLowerCase() ?? '';
  return {
    kind: 'training',
    status: training.status,
    about: `${stage} ${spec?.model?.preset ?? ''}, ${spec?.schedule?.iterations ?? 0} iterations`,
    result: checkpointDigest,
    details: [
      ...(engine === '' ? [] : [`engine ${engine}`]),
      ...(resumedFrom === 0 ? [] : [`went on from iteration ${resumedFrom}`]),
      ...notes,
    ],
    paused: '',
    parts: [],
    json: Training.toJSON(training),
  };
}
