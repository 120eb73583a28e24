import { Pipeline, PipelineServiceDefinition, TrainerServiceDefinition, Training } from '@cassl/proto';
import { pageOfJobs, type Jobs } from '@cassl/jobs';
import { implement, type ServedService } from '@cassl/rpc';
import type { CheckPipeline } from './pipeline/check-pipeline.ts';
import type { Pipelines } from './pipeline/pipelines.ts';
import { resumeTraining } from './training/resume-training.ts';
import { startTraining } from './training/start-training.ts';

/** RPC ⇄ domain. */
export function trainerService(trainings: Jobs<Training>): ServedService {
  return implement(TrainerServiceDefinition, {
    startTraining: async ({ id, spec }, { identity }) => ({
      training: await startTraining(trainings, id, spec, identity),
    }),
    getTraining: async ({ id }) => ({ training: await trainings.get(id) }),
    listTrainings: ({ state, ...page }) => {
      const plain = trainings.list().map((training) => ({ ...training, curve: [] }));
      const { items, nextPageToken } = pageOfJobs(plain, Training, page, { state });
      return Promise.resolve({ trainings: items, nextPageToken });
    },
    async *watchTraining({ id }, { signal, stopping }) {
      let sentIteration = -1;
      for await (const training of trainings.watch(id, AbortSignal.any([signal, stopping]))) {
        yield { training: withNewPoints(training, sentIteration) };
        sentIteration = training.curve.at(-1)?.iteration ?? sentIteration;
      }
    },
    cancelTraining: async ({ id }) => ({ training: await trainings.cancel(id) }),
    resumeTraining: async (request, { identity }) => ({
      training: await resumeTraining(trainings, request, identity),
    }),
  });
}

export function pipelineService(pipelines: Pipelines, check: CheckPipeline): ServedService {
  return implement(PipelineServiceDefinition, {
    start: async ({ id, spec }, { identity }) => ({ pipeline: await pipelines.start(id, spec, identity) }),
    get: async ({ id }) => ({ pipeline: await pipelines.get(id) }),
    list: ({ state, ...page }) => {
      const { items, nextPageToken } = pageOfJobs(pipelines.list(), Pipeline, page, { state });
      return Promise.resolve({ pipelines: items, nextPageToken });
    },
    async *watch({ id }, { signal, stopping }) {
      for await (const pipeline of pipelines.watch(id, AbortSignal.any([signal, stopping])))
        yield { pipeline };
    },
    cancel: async ({ id }) => ({ pipeline: await pipelines.cancel(id) }),
    resume: async ({ id }, { identity }) => ({ pipeline: await pipelines.resume(id, identity) }),
    check: ({ spec }, { signal }) => check(spec, signal),
  });
}

function withNewPoints(training: Training, sentIteration: number): Training {
  // A resumed training goes back to its checkpoint: then the points after it are new again.
  const last = training.curve.at(-1)?.iteration ?? 0;
  const from = last < sentIteration ? training.resumedFrom : sentIteration;
  return { ...training, curve: training.curve.filter(({ iteration }) => iteration > from) };
}
