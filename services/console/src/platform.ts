import {
  DetectorServiceDefinition,
  EvaluatorServiceDefinition,
  LabelerServiceDefinition,
  LabelSetServiceDefinition,
  PipelineServiceDefinition,
  RegistryServiceDefinition,
  TrainerServiceDefinition,
} from '@cassl/proto';
import { clientSecurityFromEnv, createClient, type RpcClient } from '@cassl/rpc';
import type { ConsoleConfig } from './config.ts';

/** Clients of every service. They carry no token of their own: each call gets the one of the user behind it. */
export interface Platform {
  readonly registry: RpcClient<RegistryServiceDefinition>;
  readonly trainer: RpcClient<TrainerServiceDefinition>;
  readonly pipelines: RpcClient<PipelineServiceDefinition>;
  readonly labeler: RpcClient<LabelerServiceDefinition>;
  readonly labelSets: RpcClient<LabelSetServiceDefinition>;
  readonly detector: RpcClient<DetectorServiceDefinition>;
  readonly evaluator: RpcClient<EvaluatorServiceDefinition>;
}

export type PlatformAddresses = Pick<
  ConsoleConfig,
  'registryAddress' | 'trainerAddress' | 'labelerAddress' | 'evaluatorAddress'
>;

export function openPlatform(addresses: PlatformAddresses): Platform & { close(): void } {
  const { registryAddress, trainerAddress, labelerAddress, evaluatorAddress } = addresses;
  const { token: _token, tokenFile: _tokenFile, ...transport } = clientSecurityFromEnv();
  const options = { security: transport };
  const clients = {
    registry: createClient(RegistryServiceDefinition, registryAddress, options),
    trainer: createClient(TrainerServiceDefinition, trainerAddress, options),
    pipelines: createClient(PipelineServiceDefinition, trainerAddress, options),
    labeler: createClient(LabelerServiceDefinition, labelerAddress, options),
    labelSets: createClient(LabelSetServiceDefinition, labelerAddress, options),
    detector: createClient(DetectorServiceDefinition, labelerAddress, options),
    evaluator: createClient(EvaluatorServiceDefinition, evaluatorAddress, options),
  };
  return { ...clients, close: () => Object.values(clients).forEach((client) => client.close()) };
}
