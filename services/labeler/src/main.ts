import { join, resolve } from 'node:path';
import { connectEvents, openEvents } from '@cassl/events';
import { RegistryServiceDefinition } from '@cassl/proto';
import type { HttpServer } from '@cassl/http';
import { createClient, createMetrics, runService } from '@cassl/rpc';
import { writablePlaces } from '@cassl/storage';
import { readLabelerConfig } from './config.ts';
import { createCheckpointFinder } from './find-checkpoint.ts';
import { openHttpFaces } from './faces/http/open-http-faces.ts';
import { openInferenceService } from './faces/open-inference/grpc-service.ts';
import { openRegions } from './faces/open-inference/shared-memory/regions.ts';
import { observeInference } from './online/observe-inference.ts';
import { openInference } from './online/open-inference.ts';
import { pinModels } from './online/pin-models.ts';
import { runLabelWorkers } from './labeling/run-label-workers.ts';
import { registerLabelingMetrics } from './labeling/labeling-metrics.ts';
import { openLabelings } from './labeling/labelings.ts';
import { observeTeachers } from './labeling/observe-teachers.ts';
import { labelSetService } from './labels/service.ts';
import { detectorService, labelerService } from './service.ts';
import { openShardQueue } from './labeling/shard-queue.ts';
import { serveScaler } from './scaler/serve-scaler.ts';

/** Of the drain time, as for calls. */
const SHARE_OF_REQUESTS = 0.8;

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
    const labelings = await openLabelings({
      connection,
      bus,
      queue,
      findCheckpoint,
      logger,
      teacherEndpoints: config.teacherEndpoints,
      places: writablePlaces(),
    });
    const workers = runLabelWorkers(config.labelWorkers, logger);
    const metrics = createMetrics('labeler');
    observeTeachers(() => labelings.all(), metrics);
    registerLabelingMetrics(metrics, { labelings, queue });
    const inference = observeInference(openInference({ config, findCheckpoint, logger }), metrics);
    atStop(() => inference.stop());
    const regions = openRegions(config.sharedMemory === 'system');
    atStop(() => regions.close());
    const scaler = await serveScaler({ ...config, labelings, connection, logger });
    const stopping = new AbortController();
    let http: HttpServer | undefined;
    return {
      config,
      metrics,
      services: [
        labelerService(labelings, { inference }),
        detectorService({ inference }),
        labelSetService(),
        openInferenceService(inference, { regions }),
      ],
      async onServing(server) {
        http = await openHttpFaces({ inference, regions, server, logger, config });
        logger.info({ url: http.url }, 'serving HTTP');
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
      handBack: () =>
        Promise.all([
          workers.stop(),
          labelings.stop(),
          scaler?.stop({ drainMs: 0 }),
          http?.close(config.drainMs * SHARE_OF_REQUESTS),
        ]),
    };
  },
});
