import { errorCode, errorMessage, failedPrecondition, invalidArgument, notFound } from '@cassl/errors';
import { findEndpoints } from '../local/find-services.ts';
import type { Endpoints } from '../local/service-names.ts';
import { evaluationJobs } from './evaluation-jobs.ts';
import type { JobService } from './job-service.ts';
import { JOB_KINDS, type JobKind, type JobView } from './job-view.ts';
import { labelingJobs, type LabelingJobs } from './labeling-jobs.ts';
import { pipelineJobs } from './pipeline-jobs.ts';
import { trainingJobs } from './training-jobs.ts';

/** All kinds of jobs of the services that run. */
export interface Jobs {
  readonly services: readonly JobService[];
  /** @throws FAILED_PRECONDITION where no address of the labeler is known */
  readonly labelings: LabelingJobs;
}

/** The job that was named, at its service. */
export interface FoundJob {
  readonly service: JobService;
  readonly job: JobView;
}

/** Jobs belong to services that go on: unlike other commands, these start none. */
export async function withJobs<T>(home: string, use: (jobs: Jobs) => Promise<T>): Promise<T> {
  const endpoints = await findEndpoints(home);
  if (endpoints === undefined) {
    throw failedPrecondition(
      `no services run for ${home}: start them with \`cassl up\`, or name them by CASSL_TRAINER_ADDRESS, ` +
        'CASSL_LABELER_ADDRESS and CASSL_EVALUATOR_ADDRESS',
    );
  }
  const services = open(endpoints);
  try {
    return await use({
      services,
      get labelings() {
        const found = services.find((service) => service.kind === 'labeling');
        if (found === undefined)
          throw failedPrecondition('the labeler is not known: set CASSL_LABELER_ADDRESS');
        return found as LabelingJobs;
      },
    });
  } finally {
    for (const service of services) service.close();
  }
}

/** Only some may be named by the environment. */
function open({ trainer, labeler, evaluator }: Partial<Endpoints>): readonly JobService[] {
  return [
    ...(trainer === undefined ? [] : [trainingJobs(trainer), pipelineJobs(trainer)]),
    ...(labeler === undefined ? [] : [labelingJobs(labeler)]),
    ...(evaluator === undefined ? [] : [evaluationJobs(evaluator)]),
  ];
}

/**
 * Finds a job by "kind/id", or by its id alone where only one kind has it.
 * @throws NOT_FOUND, INVALID_ARGUMENT for a kind that does not exist and for an id that several kinds have
 */
export async function findJob({ services }: Jobs, name: string): Promise<FoundJob> {
  const [kind, id] = splitName(name);
  const asked = services.filter((service) => kind === undefined || service.kind === kind);
  const answers = await Promise.allSettled(
    asked.map(async (service) => ({ service, job: await service.get(id) })),
  );
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) {
    const names = found.map(({ service }) => `${service.kind}/${id}`).join(', ');
    throw invalidArgument(`${JSON.stringify(id)} is the id of several jobs: name one of ${names}`);
  }
  for (const answer of answers) {
    if (answer.status === 'rejected' && errorCode(answer.reason) !== 'NOT_FOUND') throw answer.reason;
  }
  throw notFound(`there is no job ${JSON.stringify(name)}; \`cassl jobs list\` shows those there are`);
}

function splitName(name: string): readonly [JobKind | undefined, string] {
  const slash = name.indexOf('/');
  if (slash < 0) return [undefined, name];
  const kind = name.slice(0, slash);
  if (!isKind(kind)) {
    throw invalidArgument(`the kind of a job must be ${JOB_KINDS.join(', ')}, got ${JSON.stringify(kind)}`);
  }
  return [kind, name.slice(slash + 1)];
}

function isKind(text: string): text is JobKind {
  return JOB_KINDS.some((kind) => kind === text);
}

/** Asks all services at once; what one of them does not answer is said and leaves the others' answers. */
export async function askAll<T>(
  services: readonly JobService[],
  ask: (service: JobService) => Promise<readonly T[]>,
): Promise<{ readonly answers: readonly T[]; readonly failures: readonly string[] }> {
  const settled = await Promise.allSettled(services.map(ask));
  const failures = settled.flatMap((one, index) =>
    one.status === 'rejected' ? [`${services[index]?.kind ?? ''} jobs: ${errorMessage(one.reason)}`] : [],
  );
  return { answers: settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])), failures };
}
