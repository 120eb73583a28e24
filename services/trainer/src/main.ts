import { join, resolve } from 'node:path';
import { connectEvents, messageCodec, openEvents, openJobStore } from '@cassl/events';
import { announceJobs, openJobRecords } from '@cassl/jobs';
import { EvaluatorServiceDefinition, LabelerServiceDefinition, Pipeline, Training } from '@cassl/proto';
import { createClient, runService, serve, serverSecurity } from '@cassl/rpc';
import { readTrainerConfig } from './config.ts';
import { runPipelines } from './pipeline/run-pipelines.ts';
import { runTrainings } from './training/run-trainings.ts';
import { pipelineService, trainerService } from './service.ts';
import { stageServices } from './pipeline/stage-services.ts';

await runService({
  name: 'trainer',
  main: async ({ logger }) => {
    const config = readTrainerConfig();
    const connection = await connectEvents({ servers: config.natsUrl, name: 'trainer' });
    const bus = await openEvents(connection);
    const onWriteError = (id: string, error: unknown): void =>
      logger.warn({ job: id, err: error }, 'cannot keep a record now, trying again');
    const onError = (error: unknown): void => logger.warn({ err: error }, 'an event was not published');

    const trainingRecords = await openJobRecords({
      store: await openJobStore(connection, { name: 'trainings', codec: messageCodec<Training>(Training) }),
      noun: 'training',
      onWriteError,
    });
    const announceTraining = announceJobs({ bus, source: 'trainer', kind: 'training', onError });
    const trainings = runTrainings({
      records: trainingRecords,
      logger,
      dataDir: resolve(join(config.dataDir, 'trainings')),
      registryAddress: config.registryAddress,
      parallelTrainings: config.parallelTrainings,
      onChange: ({ status, checkpointDigest }) => announceTraining(status, checkpointDigest),
    });

    const labeler = createClient(LabelerServiceDefinition, config.labelerAddress);
    const evaluator = createClient(EvaluatorServiceDefinition, config.evaluatorAddress);
    const pipelineRecords = await openJobRecords({
      store: await openJobStore(connection, { name: 'pipelines', codec: messageCodec<Pipeline>(Pipeline) }),
      noun: 'pipeline',
      onWriteError,
    });
    const announcePipeline = announceJobs({ bus, source: 'trainer', kind: 'pipeline', onError });
    const pipelines = runPipelines({
      records: pipelineRecords,
      services: stageServices({ trainings, labeler, evaluator }),
      logger,
      parallelStages: config.parallelStages,
      pollMs: config.pollMs,
      onChange: ({ status, spec }) => announcePipeline(status, spec?.outputUri ?? ''),
    });

    const server = await serve({
      name: 'trainer',
      services: [trainerService(trainings), pipelineService(pipelines)],
      host: config.host,
      port: config.port,
      metricsPort: config.metricsPort,
      security: serverSecurity(config),
      logger,
    });
    return {
      async stop() {
        const drained = server.stop({ drainMs: config.drainMs });
        await pipelines.stop();
        await trainings.stop();
        await drained;
        await pipelineRecords.close();
        await trainingRecords.close();
        labeler.close();
        evaluator.close();
        await connection.close();
      },
    };
  },
});
