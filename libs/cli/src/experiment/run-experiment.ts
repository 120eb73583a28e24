import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode, errorMessage, outlook } from '@cassl/errors';
import {
  JobState,
  PipelineServiceDefinition,
  TrainerServiceDefinition,
  type Pipeline,
  type PipelineSpec,
} from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { withServices } from '../local/find-services.ts';
import { defaultPipelineId, startPipeline, type PipelineClient } from '../pipeline/pipeline-id.ts';
import { rootsOf } from '../pipeline/roots-of-spec.ts';
import { toPipelineSpec } from '../pipeline/to-spec.ts';
import { watchPipeline } from '../pipeline/watch-pipeline.ts';
import { collectArmRun, type ArmRun } from './arm-run.ts';
import { toExperimentJson, type ExperimentJson } from './experiment-json.ts';
import { formatExperiment } from './experiment-table.ts';
import { readExperimentFile, type Experiment, type ExperimentArm } from './read-experiment-file.ts';
import { renderExperiment } from './render-experiment.ts';

export interface ExperimentFlags {
  readonly out: string;
  readonly home: string;
  /** Pipelines, and trainings, at the same time. */
  readonly parallel: number;
  readonly json: boolean;
}

interface Task {
  readonly arm: ExperimentArm;
  readonly seed: number;
  readonly spec: PipelineSpec;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/**
 * Runs every arm with every seed as a pipeline whose stages are named by their content: the services do an equal stage once,
 * and a second run of the same command goes on at the stages that are not done. Results are written after every pipeline.
 * @throws the first error of a pipeline, after all others have ended
 */
export async function runExperiment(path: string, flags: ExperimentFlags): Promise<void> {
  const experiment = await readExperimentFile(path);
  const tasks = await tasksOf(experiment, flags.home);
  await mkdir(flags.out, { recursive: true });
  const services = {
    home: flags.home,
    roots: mergeRoots(tasks),
    env: { CASSL_PARALLEL_TRAININGS: String(flags.parallel) },
    onStart: () => say('starting nats-server and the services…'),
  };
  await withServices(services, async (endpoints) => {
    const pipelines = createClient(PipelineServiceDefinition, endpoints.trainer);
    const trainings = createClient(TrainerServiceDefinition, endpoints.trainer);
    try {
      const { runs, errors } = await runTasks(tasks, { pipelines, trainings, experiment, flags });
      const json = toExperimentJson(experiment, runs, [commandOf(path, flags)]);
      await writeResult(flags.out, json);
      say('drawing the report…');
      await writeFile(join(flags.out, 'report.html'), await renderExperiment(json, runs));
      console.log(flags.json ? JSON.stringify(json) : `\n${formatExperiment(json)}\n`);
      say(`report: ${join(flags.out, 'report.html')}`);
      if (errors.length > 0) throw errors[0];
    } finally {
      pipelines.close();
      trainings.close();
    }
  });
}

/** Seed by seed, so that the first seed is whole before the next begins. */
async function tasksOf({ file, arms }: Experiment, home: string): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  for (const seed of file.seeds) {
    for (const arm of arms) {
      const pipeline = { ...arm.pipeline, seeds: [seed] };
      const out = join(home, 'output', 'stages');
      tasks.push({ arm, seed, spec: await toPipelineSpec(pipeline, { out, home, shareStages: true }) });
    }
  }
  return tasks;
}

function mergeRoots(tasks: readonly Task[]): ReturnType<typeof rootsOf> {
  const all = tasks.map(({ spec }) => rootsOf(spec));
  return {
    data: [...new Set(all.flatMap(({ data }) => data))],
    output: [...new Set(all.flatMap(({ output }) => output))],
  };
}

interface RunContext {
  readonly pipelines: PipelineClient;
  readonly trainings: RpcClient<TrainerServiceDefinition>;
  readonly experiment: Experiment;
  readonly flags: ExperimentFlags;
}

async function runTasks(
  tasks: readonly Task[],
  context: RunContext,
): Promise<{ runs: readonly ArmRun[]; errors: readonly unknown[] }> {
  const runs: ArmRun[] = [];
  const errors: unknown[] = [];
  const waiting = [...tasks];
  const running = new Set<string>();
  const failed: string[] = [];
  const write = async (): Promise<void> => {
    const { experiment, flags } = context;
    const json = toExperimentJson(experiment, runs, [commandOf(experiment.path, flags)]);
    if (runs.length > 0) await writeResult(flags.out, json);
    const progress = { done: runs.length, total: tasks.length, running: [...running], failed };
    await writeRecord(flags.home, json, progress);
  };
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const name = `${task.arm.name}, seed ${task.seed}`;
      try {
        running.add(name);
        await write();
        runs.push(await patiently(() => runTask(task, name, context)));
        say(`${clock()} ${name}: done (${runs.length} of ${tasks.length})`);
      } catch (error) {
        say(`${clock()} ${name}: ${errorMessage(error)}`);
        failed.push(`${name}: ${errorMessage(error)}`);
        errors.push(error);
      }
      running.delete(name);
      await write();
    }
  };
  await Promise.all(Array.from({ length: context.flags.parallel }, work));
  return { runs, errors };
}

const PATIENCE_MS = 1_800_000;
const BETWEEN_ATTEMPTS_MS = 5000;

/** An experiment runs for hours on a machine that has other work too: services that are away or busy are asked again. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  let outageSince = performance.now();
  for (;;) {
    const start = performance.now();
    try {
      return await run();
    } catch (error) {
      // What ran for a while before was no part of the outage.
      if (performance.now() - start > PATIENCE_MS / 10) outageSince = performance.now();
      if (outlook(errorCode(error)) !== 'outage' || performance.now() - outageSince > PATIENCE_MS)
        throw error;
      await delay(BETWEEN_ATTEMPTS_MS);
    }
  }
}

async function runTask({ arm, seed, spec }: Task, name: string, context: RunContext): Promise<ArmRun> {
  const { pipelines, trainings } = context;
  const started = await startPipeline(pipelines, defaultPipelineId(spec), spec);
  const shown = new Set<string>();
  const show = ({ stages }: Pipeline): void => {
    for (const { name: stage, status } of stages) {
      if (status?.state !== JobState.JOB_STATE_SUCCEEDED || shown.has(stage)) continue;
      shown.add(stage);
      say(`${clock()} ${name}: ${stage}`);
    }
  };
  const pipeline = await watchPipeline(pipelines, started.status?.id ?? '', show);
  return collectArmRun(arm, seed, pipeline, trainings);
}

function writeResult(out: string, json: ExperimentJson): Promise<void> {
  return writeWhole(join(out, `${json.experiment}.json`), json);
}

/** What the console's page of experiments reads. */
async function writeRecord(home: string, result: ExperimentJson, progress: object): Promise<void> {
  const folder = join(home, 'experiments');
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, `${result.experiment}.json`), { result, progress });
}

/** Whole or not at all: an interruption leaves the last one. */
async function writeWhole(path: string, json: object): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  await writeFile(part, JSON.stringify(json, null, 2) + '\n');
  await rename(part, path);
}

function commandOf(path: string, { out }: ExperimentFlags): string {
  return `cassl experiment ${path} --out ${out}`;
}

function clock(): string {
  return new Date().toISOString().slice(11, 19);
}
