import { join, resolve } from 'node:path';
import { connectEvents, messageCodec, openEvents, openJobStore } from '@cassl/events';
import { announceJobs, openJobRecords } from '@cassl/jobs';
import { Labeling, RegistryServiceDefinition } from '@cassl/proto';
import { createClient, runService, serve, serverSecurity } from '@cassl/rpc';
import { readLabelerConfig } from './config.ts';
import { createCheckpointFinder } from './find-checkpoint.ts';
import { openInference } from './online/open-inference.ts';
import { pinModels } from './online/pin-models.ts';
import { runLabelWorkers } from './labeling/run-label-workers.ts';
import { runLabelings } from './labeling/run-labelings.ts';
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
    const shards = await openShardQueue(connection, config.shardAckWaitMs);
    const stopping = new AbortController();
    const collecting = shards.queue.collectDead({ signal: stopping.signal });
    const records = await openJobRecords({
      store: await openJobStore(connection, { name: 'labelings', codec: messageCodec<Labeling>(Labeling) }),
      noun: 'labeling',
      onWriteError: (id, error) =>
        logger.warn({ job: id, err: error }, 'cannot keep a record now, trying again'),
    });
    const announce = announceJobs({
      bus,
      source: 'labeler',
      kind: 'labeling',
      onError: (error) => logger.warn({ err: error }, 'an event was not published'),
    });
    const registry = createClient(RegistryServiceDefinition, config.registryAddress);
    const findCheckpoint = createCheckpointFinder(registry, resolve(join(config.dataDir, 'checkpoints')));
    const labelings = runLabelings({
      records,
      shards,
      findCheckpoint,
      logger,
      onChange: ({ status, spec }) => announce(status, spec?.outputUri ?? ''),
    });
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
    const scaler = await serveScaler({ ...config, records, queue: shards.queue, logger });
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
        await Promise.all([collecting, pinning]);
        await records.close();
        registry.close();
        await connection.close();
      },
    };
  },
});
