import { errorCode, errorMessage } from '@cassl/errors';
import {
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  PipelineServiceDefinition,
  RegistryServiceDefinition,
  TrainerServiceDefinition,
  type JobStatus,
} from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import type { CompatServiceDefinition } from 'nice-grpc';
import type { Endpoints, ServiceName } from '../local/service-names.ts';

/** What one service answered, or why it did not. */
export type ServiceAnswer =
  | { readonly address: string; readonly milliseconds: number; readonly records: unknown }
  | { readonly address: string; readonly error: { readonly code: string; readonly message: string } };

const DEADLINE_MS = 10_000;
const MOST = 50;
const PAGE = { pageSize: MOST, pageToken: '' };

/** Asks each service for its newest records, which also shows whether it answers. */
export async function askServices(
  endpoints: Partial<Endpoints>,
): Promise<Partial<Record<ServiceName, ServiceAnswer>>> {
  const asked = Object.entries(endpoints) as [ServiceName, string][];
  return Object.fromEntries(
    await Promise.all(asked.map(async ([name, address]) => [name, await ask(name, address)] as const)),
  );
}

async function ask(name: ServiceName, address: string): Promise<ServiceAnswer> {
  const startedAt = performance.now();
  try {
    const records = await RECORDS_OF[name](address);
    return { address, milliseconds: Math.round(performance.now() - startedAt), records };
  } catch (error) {
    return { address, error: { code: errorCode(error), message: errorMessage(error) } };
  }
}

const RECORDS_OF: Readonly<Record<ServiceName, (address: string) => Promise<unknown>>> = {
  registry: (address) =>
    using(RegistryServiceDefinition, address, async (registry) => ({
      aliases: (await registry.listAliases({})).aliases,
      checkpoints: (await registry.listCheckpoints(PAGE)).checkpoints.map(({ digest, sizeBytes }) => ({
        digest,
        sizeBytes,
      })),
    })),
  trainer: async (address) => ({
    trainings: await using(TrainerServiceDefinition, address, async (trainer) =>
      statuses((await trainer.listTrainings(PAGE)).trainings),
    ),
    pipelines: await using(PipelineServiceDefinition, address, async (pipelines) =>
      statuses((await pipelines.list(PAGE)).pipelines),
    ),
  }),
  labeler: (address) =>
    using(LabelerServiceDefinition, address, async (labeler) => ({
      labelings: statuses((await labeler.listLabelings(PAGE)).labelings),
    })),
  evaluator: (address) =>
    using(EvaluatorServiceDefinition, address, async (evaluator) => ({
      evaluations: statuses((await evaluator.listEvaluations(PAGE)).jobs),
    })),
};

function statuses(jobs: readonly { readonly status?: JobStatus | undefined }[]): (JobStatus | undefined)[] {
  return jobs.map(({ status }) => status);
}

async function using<Definition extends CompatServiceDefinition, R>(
  definition: Definition,
  address: string,
  use: (client: ReturnType<typeof createClient<Definition>>) => Promise<R>,
): Promise<R> {
  const client = createClient(definition, address, { deadlineMs: DEADLINE_MS });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
