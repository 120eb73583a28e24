import { join, resolve } from 'node:path';
import { openWorkPlace, sweepOrphans } from '@cassl/cluster';
import { connectEvents, openEvents } from '@cassl/events';
import { isWanted, runJobs } from '@cassl/jobs';
import {
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  Pipeline,
  PipelineSpec,
  Training,
  TrainingSpec,
} from '@cassl/proto';
import { createClient, runService } from '@cassl/rpc';
import { readTrainerConfig } from './config.ts';
import { pipelineChecker } from './pipeline/check-pipeline.ts';
import { openPipelines } from './pipeline/pipelines.ts';
import { runPipeline } from './pipeline/run-pipeline.ts';
import { stageServices } from './pipeline/stage-services.ts';
import { pipelineService, trainerService } from './service.ts';
import { runTraining } from './training/run-training.ts';

const WORKER = join(import.meta.dirname, 'training', 'worker.ts');

await runService({
  name: 'trainer',
  async main({ logger, atStop }) {
    const config = readTrainerConfig();
    const { registryAddress } = config;
    const connection = await connectEvents({ servers: config.natsUrl, name: 'trainer' });
    atStop(() => connection.close());
    const shared = { connection, bus: await openEvents(connection), source: 'trainer', logger };

    const kind = 'training';
    const place = await openWorkPlace({ kind, entry: WORKER, template: config.jobTemplate, logger });
    atStop(() => place.close());
    const dataDir = resolve(join(config.dataDir, 'trainings'));
    const trainings = await runJobs<Training, TrainingSpec>({
      ...shared,
      noun: kind,
      type: Training,
      specType: TrainingSpec,
      run: (lead) => runTraining(lead, { place, dataDir, registryAddress, logger }),
      result: ({ checkpointDigest }) => checkpointDigest,
      parallel: config.parallelTrainings,
    });
    atStop(sweepOrphans({ place, kind, isWanted: (id) => isWanted(trainings, id), logger }));

    const labeler = createClient(LabelerServiceDefinition, config.labelerAddress);
    atStop(() => labeler.close());
    const evaluator = createClient(EvaluatorServiceDefinition, config.evaluatorAddress);
    atStop(() => evaluator.close());
    const services = stageServices({ trainings, labeler, evaluator });
    const check = pipelineChecker(resolve(join(config.dataDir, 'checks')));
    const jobs = await runJobs<Pipeline, PipelineSpec>({
      ...shared,
      noun: 'pipeline',
      type: Pipeline,
      specType: PipelineSpec,
      run: (lead) => runPipeline(lead, { ...config, services, check, logger }),
      result: ({ spec }) => spec?.outputUri ?? '',
    });
    const pipelines = openPipelines({ jobs, services, logger });
    return {
      config,
      services: [trainerService(trainings), pipelineService(pipelines, check)],
      handBack: () => Promise.all([jobs.stop(), trainings.stop()]),
    };
  },
});
