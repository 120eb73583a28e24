import { join, resolve } from 'node:path';
import { openWorkPlace, sweepOrphans } from '@cassl/cluster';
import { connectEvents, openEvents } from '@cassl/events';
import { isWanted, runJobs } from '@cassl/jobs';
import { EvaluationJob, EvaluationSpec, RegistryServiceDefinition } from '@cassl/proto';
import { createClient, runService } from '@cassl/rpc';
import { readEvaluatorConfig } from './config.ts';
import { runEvaluation } from './run-evaluation.ts';
import { evaluatorService } from './service.ts';

const WORKER = join(import.meta.dirname, 'worker.ts');

await runService({
  name: 'evaluator',
  async main({ logger, atStop }) {
    const config = readEvaluatorConfig();
    const { registryAddress } = config;
    const connection = await connectEvents({ servers: config.natsUrl, name: 'evaluator' });
    atStop(() => connection.close());
    const registry = createClient(RegistryServiceDefinition, registryAddress);
    atStop(() => registry.close());
    const kind = 'evaluation';
    const place = await openWorkPlace({ kind, entry: WORKER, template: config.jobTemplate, logger });
    atStop(() => place.close());
    const dataDir = resolve(config.dataDir);
    const evaluations = await runJobs<EvaluationJob, EvaluationSpec>({
      noun: kind,
      type: EvaluationJob,
      specType: EvaluationSpec,
      run: (lead) => runEvaluation(lead, { place, registry, registryAddress, dataDir }),
      result: ({ detectionsUri }) => detectionsUri,
      connection,
      bus: await openEvents(connection),
      source: 'evaluator',
      logger,
      parallel: config.parallelEvaluations,
    });
    atStop(sweepOrphans({ place, kind, isWanted: (id) => isWanted(evaluations, id), logger }));
    return { config, services: [evaluatorService(evaluations)], handBack: () => evaluations.stop() };
  },
});
