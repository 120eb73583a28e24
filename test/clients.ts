import {
  DetectorServiceDefinition,
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  PipelineServiceDefinition,
  RegistryServiceDefinition,
  TrainerServiceDefinition,
  type Pipeline,
} from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '@cassl/errors';
import { isEnded } from '@cassl/jobs';
import type { Endpoints } from '@cassl/cli';

export interface Clients {
  readonly registry: RpcClient<RegistryServiceDefinition>;
  readonly trainer: RpcClient<TrainerServiceDefinition>;
  readonly pipelines: RpcClient<PipelineServiceDefinition>;
  readonly labeler: RpcClient<LabelerServiceDefinition>;
  readonly detector: RpcClient<DetectorServiceDefinition>;
  readonly evaluator: RpcClient<EvaluatorServiceDefinition>;
  close(): void;
}

export function openClients(endpoints: Endpoints): Clients {
  const clients = {
    registry: createClient(RegistryServiceDefinition, endpoints.registry),
    trainer: createClient(TrainerServiceDefinition, endpoints.trainer),
    pipelines: createClient(PipelineServiceDefinition, endpoints.trainer),
    labeler: createClient(LabelerServiceDefinition, endpoints.labeler),
    detector: createClient(DetectorServiceDefinition, endpoints.labeler),
    evaluator: createClient(EvaluatorServiceDefinition, endpoints.evaluator),
  };
  return { ...clients, close: () => Object.values(clients).forEach((client) => client.close()) };
}

/** Asks until the answer fits; a service that is away is asked again. */
export async function until<T>(
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  timeoutMs = 360_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      const answer = await ask();
      if (fits(answer)) return answer;
    } catch (error) {
      if (!['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(errorCode(error))) throw error;
    }
    if (performance.now() > deadline) throw new Error(`nothing fitted within ${timeoutMs} ms`);
    await delay(50);
  }
}

export async function pipelineEnd({ pipelines }: Clients, id: string, timeoutMs?: number): Promise<Pipeline> {
  const ask = async (): Promise<Pipeline> => (await pipelines.get({ id })).pipeline!;
  return until(ask, ({ status }) => isEnded(status), timeoutMs);
}
