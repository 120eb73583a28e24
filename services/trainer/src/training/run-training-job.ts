import { join } from 'node:path';
import type { StateDict } from '@cassl/checkpoints';
import { formatDropReport } from '@cassl/datasets';
import { createDetector, detectorPreset, learningRateAt, type Detector } from '@cassl/detector';
import { failedPrecondition, invalidArgument } from '@cassl/errors';
import { openEngine, type ProcessGroup } from '@cassl/engine';
import { RegistryServiceDefinition, TrainingSpec } from '@cassl/proto';
import { createClient, type Logger } from '@cassl/rpc';
import { describeEngine, type RegistryClient } from '@cassl/workers';
import { isInherited } from './inherited-parts.ts';
import { createTrainingOptimizer, loadOptimizer, optimizerState } from './training-optimizer.ts';
import { initializeDetector } from './initialize-detector.ts';
import { joinRanks, sameStart } from './join-ranks.ts';
import { openJointLearning, type JointLearning } from './joint-learning.ts';
import { openTrainingData, type TrainingData } from './open-training-data.ts';
import { publishTraining, type PublishTrainingOptions } from './publish-training.ts';
import type { RankPlace } from './rank-plan.ts';
import { streamBatches } from './stream-batches.ts';
import { thinCurve } from './thin-curve.ts';
import { trainDetector } from './train-detector.ts';
import { loadTrainingCheckpoint, saveTrainingCheckpoint } from './training-checkpoint.ts';
import type { TrainingJobFile, TrainingMessage } from './training-messages.ts';
import { toLearningRateSchedule } from './training-schedule.ts';

export interface TrainingJobOptions {
  /** Checkpoints go here. */
  readonly folder: string;
  readonly job: TrainingJobFile;
  readonly report: (message: TrainingMessage) => Promise<void>;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Which of several processes this is; absent: the only one. Rank 0 alone reports, writes and publishes. */
  readonly place?: RankPlace | undefined;
  /** What becomes of the trained detector. Answers its digest. @default to the registry */
  readonly publish?: (options: PublishTrainingOptions) => Promise<string>;
}

/** One training from its job file to the registry; goes on from the last checkpoint where there is one. */
export async function runTrainingJob(options: TrainingJobOptions): Promise<void> {
  const { folder, job, place, publish = publishTraining } = options;
  const spec = TrainingSpec.fromJSON(job.spec);
  const registry = createClient(RegistryServiceDefinition, job.registryAddress);
  const report = (place?.rank ?? 0) === 0 ? options.report : (): Promise<void> => Promise.resolve();
  const engine = await openEngine({ logger: options.logger });
  if (spec.gpus > 0 && !engine.device.startsWith('cuda')) {
    throw failedPrecondition(
      `TrainingSpec.gpus is ${spec.gpus}, but the engine is ${describeEngine(engine)}: \`cassl doctor\` says what is missing`,
    );
  }
  const data = await openTrainingData(spec, {
    classesOf: async (reference) => {
      const { checkpoint } = await registry.getCheckpoint({ reference });
      return checkpoint?.manifest?.categories ?? [];
    },
    signal: options.signal,
  });
  const group = place === undefined ? undefined : await joinRanks(place);
  try {
    const ranks = group === undefined ? '' : `, ${group.size} ranks`;
    const context = {
      ...options,
      spec,
      registry,
      data,
      group,
      report,
      engine: `${describeEngine(engine)}${ranks}`,
    };
    const trained = await train(context);
    if (trained === undefined || (group !== undefined && group.rank > 0)) return;
    await report({ type: 'publishing' });
    const digest = await publish({
      folder,
      trainingId: job.id,
      spec,
      data,
      registry,
      signal: options.signal,
      ...trained,
    });
    await report({ type: 'published', digest });
  } finally {
    group?.close();
  }
}

interface TrainContext extends TrainingJobOptions {
  readonly spec: TrainingSpec;
  readonly registry: RegistryClient;
  readonly data: TrainingData;
  readonly group: ProcessGroup | undefined;
  readonly engine: string;
}

/** Answers nothing where it was stopped before its end. */
async function train(
  context: TrainContext,
): Promise<{ readonly detector: Detector; readonly parents: readonly string[] } | undefined> {
  const { folder, job, spec, registry, data, group, report, signal, logger } = context;
  const { schedule } = spec;
  if (schedule === undefined) throw invalidArgument('TrainingSpec.schedule is missing');
  const config = detectorPreset(spec.model?.preset ?? '', {
    ...spec.model?.overrides,
    classes: data.categories.length,
  });
  const detector = createDetector(config, { seed: spec.seed, group });
  const optimizer = createTrainingOptimizer(detector, schedule, isInherited(spec));

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
  const joint = await startJoint(context, { detector, teacher: resumed?.teacher, folder });
  const from = resumed?.iteration ?? 0;
  if (group !== undefined) sameStart(group, detector, { data: data.dataset.digest, from });
  let curve = resumed?.curve ?? [];
  await report({ type: 'started', engine: context.engine, resumedFrom: from, curve, notes: data.notes });

  const save = async (iteration: number): Promise<void> => {
    if (group !== undefined && group.rank > 0) return;
    await saveTrainingCheckpoint(folder, {
      iteration,
      model: await detector.stateDict(),
      optimizer: await optimizerState(optimizer),
      teacher: await joint?.teacher.stateDict(),
      state: detector.trainingState(),
      curve,
    });
    await report({ type: 'checkpoint', iteration });
  };
  // Ranks stop at one step, however far apart they are told to.
  const stopping = new AbortController();
  const ranks = group && {
    group,
    isStopping: () => signal.aborted,
    onStop: () => stopping.abort(signal.reason),
  };
  const batches = streamBatches({
    dataset: data.dataset,
    config,
    batchSize: schedule.batchSize,
    augmentation: spec.augmentation,
    seed: spec.seed,
    from,
    iterations: schedule.iterations,
    ranks,
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
      joint,
      optimizer,
      batches,
      from,
      iterations: schedule.iterations,
      learningRateAt: (iteration) => learningRateAt(rates, iteration),
      clipNorm: schedule.clipNorm,
      precision: spec.bf16 ? 'bf16' : 'fp32',
      logEvery: Math.max(1, Math.min(20, Math.floor(schedule.iterations / 20))),
      log(point) {
        curve = thinCurve([...curve, point]);
        return report({ type: 'progress', point });
      },
      checkpointEvery: spec.checkpointEvery === 0 ? 100 : spec.checkpointEvery,
      save,
      signal: group === undefined ? signal : stopping.signal,
    });
    if (done < schedule.iterations) return undefined;
  } finally {
    await batches.return(undefined);
  }
  // A kill while publishing must not cost the training again.
  await save(schedule.iterations);
  return { detector: joint?.teacher ?? detector, parents };
}

/** The teacher starts as the student, or where it was. */
async function startJoint(
  { spec, logger, signal }: TrainContext,
  {
    detector,
    teacher,
    folder,
  }: { readonly detector: Detector; readonly teacher: StateDict | undefined; readonly folder: string },
): Promise<JointLearning | undefined> {
  const { softTeacher } = spec;
  if (softTeacher === undefined) return undefined;
  const joint = await openJointLearning({
    student: detector,
    softTeacher,
    labeledPerStep: spec.schedule?.batchSize ?? 1,
    folder: join(folder, 'unlabeled'),
    augmentation: spec.augmentation,
    seed: spec.seed,
    onUnreadable: (key, reason) => logger.warn({ key, reason }, 'an unlabeled image cannot be read'),
    signal,
  });
  if (teacher !== undefined) joint.teacher.loadStateDict(teacher, { strict: true });
  return joint;
}
