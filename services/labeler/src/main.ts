import { join, resolve } from 'node:path';
import { connectEvents, openEvents } from '@cassl/events';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, runService } from '@cassl/rpc';
import { readLabelerConfig } from './config.ts';
import { createCheckpointFinder } from './find-checkpoint.ts';
import { openInferenceService } from './faces/open-inference/grpc-service.ts';
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
  async main({ logger, atStop }) {
    const config = readLabelerConfig();
    const connection = await connectEvents({ servers: config.natsUrl, name: 'labeler' });
    atStop(() => connection.close());
    const bus = await openEvents(connection);
    const queue = await openShardQueue(connection, config.shardAckWaitMs);
    const registry = createClient(RegistryServiceDefinition, config.registryAddress);
    atStop(() => registry.close());
    const findCheckpoint = createCheckpointFinder(registry, resolve(join(config.dataDir, 'checkpoints')));
    const labelings = await openLabelings({ connection, bus, queue, findCheckpoint, logger });
    const workers = runLabelWorkers(config.labelWorkers, logger);
    const inference = openInference({ config, findCheckpoint, logger });
    atStop(() => inference.stop());
    const scaler = await serveScaler({ ...config, labelings, queue, logger });
    const stopping = new AbortController();
    return {
      config,
      services: [
        labelerService(labelings, { inference }),
        detectorService({ inference }),
        labelSetService(),
        openInferenceService(inference),
      ],
      onServing(server) {
        const pinning = pinModels({
          inference,
          names: config.pinnedModels,
          setReady: (isReady) => server.setReady(isReady),
          logger,
          signal: stopping.signal,
        });
        atStop(() => {
          stopping.abort();
          return pinning;
        });
      },
      handBack: () => Promise.all([workers.stop(), labelings.stop(), scaler?.stop({ drainMs: 0 })]),
    };
  },
});
