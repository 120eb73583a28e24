import { resolve } from 'node:path';
import { connectEvents, openEvents } from '@cassl/events';
import { runJobs } from '@cassl/jobs';
import { EvaluationJob, EvaluationSpec, RegistryServiceDefinition } from '@cassl/proto';
import { createClient, runService } from '@cassl/rpc';
import { readEvaluatorConfig } from './config.ts';
import { runEvaluation } from './run-evaluation.ts';
import { evaluatorService } from './service.ts';

await runService({
  name: 'evaluator',
  async main({ logger, atStop }) {
    const config = readEvaluatorConfig();
    const { registryAddress } = config;
    const connection = await connectEvents({ servers: config.natsUrl, name: 'evaluator' });
    atStop(() => connection.close());
    const registry = createClient(RegistryServiceDefinition, registryAddress);
    atStop(() => registry.close());
    const dataDir = resolve(config.dataDir);
    const evaluations = await runJobs<EvaluationJob, EvaluationSpec>({
      noun: 'evaluation',
      type: EvaluationJob,
      specType: EvaluationSpec,
      run: (lead) => runEvaluation(lead, { registry, registryAddress, dataDir }),
      result: ({ detectionsUri }) => detectionsUri,
      connection,
      bus: await openEvents(connection),
      source: 'evaluator',
      logger,
      parallel: config.parallelEvaluations,
    });
    return { config, services: [evaluatorService(evaluations)], handBack: () => evaluations.stop() };
  },
});
