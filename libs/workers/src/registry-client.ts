import type { RegistryServiceDefinition } from '@cassl/proto';
import type { RpcClient } from '@cassl/rpc';

export type RegistryClient = RpcClient<typeof RegistryServiceDefinition>;
