import { Option, type Command } from 'commander';
import type { JobFlags, ListFlags, LogFlags } from '../jobs/job-commands.ts';
import { wholeFlag } from '../flags/number-flag.ts';
import { JOB_KINDS, JOB_STATES } from '../jobs/job-view.ts';
import { DEFAULT_HOME } from '../local/find-services.ts';

const NAME =
  'training/ID, labeling/ID, evaluation/ID or pipeline/ID; the id alone where only one kind has it';

/** `cassl jobs`: trainings, labelings, evaluations and pipelines of the services that run. */
export function register(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('List, watch, cancel and retry trainings, labelings, evaluations and pipelines.')
    .addHelpText(
      'after',
      '\nAsks the services of a running `cassl up`, or those named by CASSL_TRAINER_ADDRESS, CASSL_LABELER_ADDRESS and\n' +
        'CASSL_EVALUATOR_ADDRESS. With --json each line is an object of kind, id, state and job (as the API has it).',
    );
  const verb = (name: string, description: string): Command =>
    jobs
      .command(name)
      .description(description)
      .option('--home <dir>', 'folder of the services', DEFAULT_HOME)
      .option('--json', 'print JSON lines', false);
  const load = () => import('../jobs/job-commands.ts');

  verb('list', 'All jobs, newest first.')
    .addOption(new Option('--kind <kind>', 'only these').choices(JOB_KINDS))
    .addOption(new Option('--state <state>', 'only in this state').choices(JOB_STATES))
    .option('--limit <n>', 'at most so many', wholeFlag(1), 50)
    .action(async (flags: ListFlags) => (await load()).listJobs(flags));
  verb('show', 'One job: progress, result, error, stages, dead shards, notes.')
    .argument('<job>', NAME)
    .action(async (name: string, flags: JobFlags) => (await load()).showJob(name, flags));
  verb('watch', 'Follow a job to its end; the exit code says how it ended. Leaving stops nothing.')
    .argument('<job>', NAME)
    .action(async (name: string, flags: JobFlags) => (await load()).watch(name, flags));
  verb('logs', 'What services and workers of this machine wrote about a job.')
    .argument('<job>', NAME)
    .option('--lines <n>', 'the last so many that are there', wholeFlag(), 100)
    .option('-f, --follow', 'go on until the job has ended', false)
    .action(async (name: string, flags: LogFlags) => (await load()).logs(name, flags));
  verb('cancel', 'Stop jobs; what they made so far is kept.')
    .argument('<job...>', NAME)
    .action(async (names: string[], flags: JobFlags) => (await load()).cancelJobs(names, flags));
  verb('retry', 'Run failed or cancelled jobs again, from what they have; labelings with their dead shards.')
    .argument('<job...>', NAME)
    .action(async (names: string[], flags: JobFlags) => (await load()).retryJobs(names, flags));
  verb('pause', 'Labelings only: workers finish their shards and take no more.')
    .argument('<job>', NAME)
    .option('--reason <text>', 'one line for people', '')
    .action(async (name: string, flags: JobFlags & { reason: string }) =>
      (await load()).pauseLabeling(name, flags),
    );
  verb('resume', 'Labelings only: go on with a paused, failed or cancelled one.')
    .argument('<job>', NAME)
    .action(async (name: string, flags: JobFlags) => (await load()).resumeLabeling(name, flags));
  verb('files', 'Labelings only: the label files of the shards that are done.')
    .argument('<job>', NAME)
    .action(async (name: string, flags: JobFlags) => (await load()).listLabelFiles(name, flags));
}
