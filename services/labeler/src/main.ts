import { join, resolve } from 'node:path';
import { connectEvents, openEvents } from '@cassl/events';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, runService, serve, serverSecurity } from '@cassl/rpc';
import { readLabelerConfig } from './config.ts';
import { createCheckpointFinder } from './find-checkpoint.ts';
import { openInference } from './online/open-inference.ts';
import { pinModels } from './online/pin-models.ts';
import { runLabelWorkers } from './labeling/run-label-workers.ts';
import { openLabelings } from './labeling/labelings.ts';
import { labelSetService } from './labels/service.ts';
import { detectorService, labelerService } from './service.ts';
import { openShardQueue } from './labeling/shard-queue.ts';
import { serveScaler } from './scaler/serve-scaler.ts';

await runService({
  name: 'labeler',
  main: async ({ logger }) => {
    const config = readLabelerConfig();
    const connection = await connectEvents({ servers: config.natsUrl, name: 'labeler' });
    const bus = await openEvents(connection);
    const queue = await openShardQueue(connection, config.shardAckWaitMs);
    const stopping = new AbortController();
    const registry = createClient(RegistryServiceDefinition, config.registryAddress);
    const findCheckpoint = createCheckpointFinder(registry, resolve(join(config.dataDir, 'checkpoints')));
    const labelings = await openLabelings({ connection, bus, queue, findCheckpoint, logger });
    const inference = openInference({ config, findCheckpoint, logger });
    const workers = runLabelWorkers(config.labelWorkers, logger);
    const server = await serve({
      name: 'labeler',
      services: [labelerService(labelings, { inference }), detectorService({ inference }), labelSetService()],
      host: config.host,
      port: config.port,
      metricsPort: config.metricsPort,
      security: serverSecurity(config),
      logger,
    });
    const scaler = await serveScaler({ ...config, labelings, queue, logger });
    const pinning = pinModels({
      inference,
      names: config.pinnedModels,
      setReady: (isReady) => server.setReady(isReady),
      logger,
      signal: stopping.signal,
    });
    return {
      async stop() {
        await Promise.all([server.stop({ drainMs: config.drainMs }), scaler?.stop({ drainMs: 0 })]);
        stopping.abort();
        await Promise.all([workers.stop(), inference.stop(), labelings.stop()]);
        await pinning;
        registry.close();
        await connection.close();
      },
    };
  },
});
