import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatDropReport } from '@cassl/datasets';
import { createDetector, detectorPreset, learningRateAt } from '@cassl/detector';
import { invalidArgument } from '@cassl/errors';
import { openEngine } from '@cassl/engine';
import { RegistryServiceDefinition, TrainingSpec } from '@cassl/proto';
import { createClient, type Logger } from '@cassl/rpc';
import { describeEngine } from '@cassl/workers';
import { createTrainingOptimizer, loadOptimizer, optimizerState } from './training-optimizer.ts';
import { initializeDetector } from './initialize-detector.ts';
import { publishTraining } from './publish-training.ts';
import { openTrainingData } from './open-training-data.ts';
import { streamBatches } from './stream-batches.ts';
import { trainDetector } from './train-detector.ts';
import { loadTrainingCheckpoint, saveTrainingCheckpoint } from './training-checkpoint.ts';
import type { TrainingJobFile, TrainingMessage } from './training-messages.ts';
import { toLearningRateSchedule } from './training-schedule.ts';

export interface TrainingJobOptions {
  /** Holds `job.json`; checkpoints go here. */
  readonly folder: string;
  readonly report: (message: TrainingMessage) => Promise<void>;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** One training from its job file to the registry; goes on from the last checkpoint where there is one. */
export async function runTrainingJob({ folder, report, signal, logger }: TrainingJobOptions): Promise<void> {
  const job = JSON.parse(await readFile(join(folder, 'job.json'), 'utf8')) as TrainingJobFile;
  const spec = TrainingSpec.fromJSON(job.spec);
  const { schedule } = spec;
  if (schedule === undefined) throw invalidArgument('TrainingSpec.schedule is missing');
  const registry = createClient(RegistryServiceDefinition, job.registryAddress);

  const engine = await openEngine({ logger });
  const data = await openTrainingData(spec);
  const config = detectorPreset(spec.model?.preset ?? '', {
    ...spec.model?.overrides,
    classes: data.categories.length,
  });
  const detector = createDetector(config, { seed: spec.seed });
  const optimizer = createTrainingOptimizer(detector, schedule);

  const resumed = await loadTrainingCheckpoint(folder);
  const parents = await initializeDetector({
    detector,
    spec,
    registry,
    cacheDir: job.cacheDir,
    logger,
    skip: resumed !== undefined,
  });
  if (resumed !== undefined) {
    detector.loadStateDict(resumed.model, { strict: true });
    loadOptimizer(optimizer, resumed.optimizer);
    detector.loadTrainingState(resumed.state);
    logger.info({ training: job.id, iteration: resumed.iteration }, 'resumed from the last checkpoint');
  }
  const from = resumed?.iteration ?? 0;
  await report({ type: 'started', engine: describeEngine(engine), resumedFrom: from, notes: data.notes });

  const save = async (iteration: number): Promise<void> => {
    await saveTrainingCheckpoint(folder, {
      iteration,
      model: await detector.stateDict(),
      optimizer: await optimizerState(optimizer),
      state: detector.trainingState(),
    });
    await report({ type: 'checkpoint', iteration });
  };
  const batches = streamBatches({
    dataset: data.dataset,
    config,
    batchSize: schedule.batchSize,
    augmentation: spec.augmentation,
    seed: spec.seed,
    from,
    iterations: schedule.iterations,
    onUnreadable: (found) =>
      report({
        type: 'notes',
        notes: [...data.notes, 'found while training:', ...formatDropReport(found).split('\n')],
      }),
  });
  const rates = toLearningRateSchedule(schedule);
  try {
    const done = await trainDetector({
      detector,
      optimizer,
      batches,
      from,
      iterations: schedule.iterations,
      learningRateAt: (iteration) => learningRateAt(rates, iteration),
      clipNorm: schedule.clipNorm,
      precision: spec.bf16 ? 'bf16' : 'fp32',
      logEvery: Math.max(1, Math.min(20, Math.floor(schedule.iterations / 20))),
      log: (point) => report({ type: 'progress', point }),
      checkpointEvery: spec.checkpointEvery === 0 ? 100 : spec.checkpointEvery,
      save,
      signal,
    });
    if (done < schedule.iterations) return;
  } finally {
    await batches.return(undefined);
  }

  // A kill while publishing must not cost the training again.
  await save(schedule.iterations);
  const digest = await publishTraining({
    folder,
    trainingId: job.id,
    spec,
    detector,
    data,
    parents,
    registry,
    signal,
  });
  await report({ type: 'published', digest });
}
