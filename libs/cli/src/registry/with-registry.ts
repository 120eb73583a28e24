import { userInfo } from 'node:os';
import { RegistryServiceDefinition } from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { withServices } from '../local/find-services.ts';

export type RegistryClient = RpcClient<RegistryServiceDefinition>;

/** The registry that runs, or an own one for the time of `use`. */
export async function withRegistry<T>(
  home: string,
  use: (registry: RegistryClient) => Promise<T>,
): Promise<T> {
  return withServices({ home, names: ['registry'] }, async ({ registry: address }) => {
    const registry = createClient(RegistryServiceDefinition, address);
    try {
      return await use(registry);
    } finally {
      registry.close();
    }
  });
}

/** Who asks, for histories: `CASSL_ACTOR`, else the user's name here. An authenticated identity counts instead. */
export function callerName(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CASSL_ACTOR) return env.CASSL_ACTOR;
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as containers have.
    return '';
  }
}
