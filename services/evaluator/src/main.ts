import { join, resolve } from 'node:path';
import { connectEvents, messageCodec, openEvents, openJobStore } from '@cassl/events';
import { announceJobs, openJobRecords } from '@cassl/jobs';
import { EvaluationJob, RegistryServiceDefinition } from '@cassl/proto';
import { createClient, runService, serve, serverSecurity } from '@cassl/rpc';
import { readEvaluatorConfig } from './config.ts';
import { runEvaluations } from './run-evaluations.ts';
import { evaluatorService } from './service.ts';

await runService({
  name: 'evaluator',
  main: async ({ logger }) => {
    const config = readEvaluatorConfig();
    const connection = await connectEvents({ servers: config.natsUrl, name: 'evaluator' });
    const bus = await openEvents(connection);
    const records = await openJobRecords({
      store: await openJobStore(connection, {
        name: 'evaluations',
        codec: messageCodec<EvaluationJob>(EvaluationJob),
      }),
      noun: 'evaluation',
      onWriteError: (id, error) =>
        logger.warn({ job: id, err: error }, 'cannot keep a record now, trying again'),
    });
    const announce = announceJobs({
      bus,
      source: 'evaluator',
      kind: 'evaluation',
      onError: (error) => logger.warn({ err: error }, 'an event was not published'),
    });
    const registry = createClient(RegistryServiceDefinition, config.registryAddress);
    const evaluations = runEvaluations({
      records,
      registry,
      registryAddress: config.registryAddress,
      cacheDir: resolve(join(config.dataDir, 'checkpoints')),
      logger,
      parallelEvaluations: config.parallelEvaluations,
      onChange: ({ status, detectionsUri }) => announce(status, detectionsUri),
    });
    const server = await serve({
      name: 'evaluator',
      services: [evaluatorService(evaluations)],
      host: config.host,
      port: config.port,
      metricsPort: config.metricsPort,
      security: serverSecurity(config),
      logger,
    });
    return {
      async stop() {
        const drained = server.stop({ drainMs: config.drainMs });
        await evaluations.stop();
        await drained;
        await records.close();
        registry.close();
        await connection.close();
      },
    };
  },
});
