import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isEnded } from '@cassl/jobs';
import {
  EvaluatorServiceDefinition,
  PipelineServiceDefinition,
  TrainerServiceDefinition,
} from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { collectUnused, formatUnused } from '../report/collect-unused.ts';
import { toReportJson } from '../report/report-json.ts';
import { formatReportTable } from '../report/report-table.ts';
import { renderReport } from '../report/render-report.ts';
import { DEFAULT_HOME, findConsole, withServices } from '../local/find-services.ts';
import { defaultPipelineId, startPipeline } from './pipeline-id.ts';
import type { PipelineFile } from './pipeline-schema.ts';
import { readPipelineFile } from './read-pipeline-file.ts';
import { rootsOf } from './roots-of-spec.ts';
import { showCheck } from './show-check.ts';
import { createProgressDisplay } from './show-progress.ts';
import { toPipelineSpec } from './to-spec.ts';
import { watchPipeline } from './watch-pipeline.ts';

export interface RunPipelineFlags {
  readonly out: string;
  readonly set: readonly string[];
  /** How often the compared arms run, over seeds 1 to this. */
  readonly seeds?: number;
  readonly data?: string;
  readonly id?: string;
  readonly home: string;
  readonly json: boolean;
  /** Only check. */
  readonly check?: boolean;
}

/** Runs a pipeline file to its report. */
export async function runPipelineFile(path: string, flags: RunPipelineFlags): Promise<void> {
  const file = withSeeds(await readPipelineFile(path, flags.set), flags.seeds);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const spec = await toPipelineSpec(file, { out: flags.out, home: flags.home, data: flags.data });
  await mkdir(flags.out, { recursive: true });

  let startedId: string | undefined;
  const comeBack = (): string | undefined =>
    startedId === undefined
      ? undefined
      : `pipeline ${startedId} goes on without this command. The same command comes back and writes the report; ` +
        `\`cassl jobs watch pipeline/${startedId}\` only looks, \`cassl jobs cancel pipeline/${startedId}\` stops it`;

  await withServices(
    {
      home: flags.home,
      roots: rootsOf(spec),
      console: flags.check !== true,
      onStart: () => say('starting nats-server and the services…'),
      comeBack,
    },
    async (endpoints, own) => {
      const pipelines = createClient(PipelineServiceDefinition, endpoints.trainer);
      const trainings = createClient(TrainerServiceDefinition, endpoints.trainer);
      const evaluations = createClient(EvaluatorServiceDefinition, endpoints.evaluator);
      const display = createProgressDisplay();
      try {
        if (flags.check === true) return await showCheck(pipelines, spec, flags.json);
        const started = await startPipeline(pipelines, flags.id ?? defaultPipelineId(spec), spec);
        const id = started.status?.id ?? '';
        startedId = isEnded(started.status) ? undefined : id;
        say(`pipeline ${id}${isEnded(started.status) ? ' has ended before; --id starts a new one' : ''}`);
        const page = own === undefined ? await findConsole(flags.home) : own.consoleUrl;
        if (page !== undefined) say(`watch it in a browser: ${page}/pipelines/${encodeURIComponent(id)}`);
        const pipeline = await watchPipeline(pipelines, id, (state) => display.show(state));
        display.end();

        const unused = await collectUnused(pipeline, { trainings, evaluations });
        const report = { ...toReportJson(pipeline), unused };
        await writeFile(join(flags.out, 'report.json'), JSON.stringify(report, null, 2) + '\n');
        say('drawing the report…');
        await writeFile(
          join(flags.out, 'report.html'),
          await renderReport({
            pipeline,
            report,
            trainings,
            labelerAddress: endpoints.labeler,
            command: commandOf(path, flags),
          }),
        );
        console.log(flags.json ? JSON.stringify(report) : `\n${formatReportTable(report)}\n`);
        for (const line of formatUnused(unused)) say(line);
        say(`report: ${join(flags.out, 'report.html')}`);
        if (own !== undefined)
          say(`the services end with this command; its pages again: ${upCommand(flags.home)}`);
      } finally {
        display.end();
        pipelines.close();
        trainings.close();
        evaluations.close();
      }
    },
  );
}

/** `--seeds 3` repeats the arms over seeds 1, 2, 3 and adds the honest control. */
function withSeeds(file: PipelineFile, count: number | undefined): PipelineFile {
  if (count === undefined) return file;
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  return { ...file, seeds, control: file.control || count > 1 };
}

function upCommand(home: string): string {
  return home === DEFAULT_HOME ? 'cassl up' : `cassl up --home ${home}`;
}

/** What repeats the run, for the report. */
function commandOf(path: string, { out, set, seeds, data }: RunPipelineFlags): string {
  const quoted = (text: string): string =>
    /^[\w./:=@,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  const options = [
    ...['--out', quoted(out)],
    ...(data === undefined ? [] : ['--data', quoted(data)]),
    ...(seeds === undefined ? [] : ['--seeds', String(seeds)]),
    ...set.flatMap((change) => ['--set', quoted(change)]),
  ];
  return ['cassl run', quoted(path), ...options].join(' ');
}
