import { authorize, authorizeAlias, type Identity } from './identity.ts';
import { ruleOf } from './method-scopes.ts';
import type { Authorizer } from './authorizer.ts';
import type { Quotas } from './quotas.ts';
import { ANONYMOUS } from './identity.ts';

export interface Admission {
  readonly authorizer: Authorizer;
  readonly quotas: Quotas;
}

/**
 * Finds out who calls a method and whether they may now.
 * @param method for example "cassl.v1.RegistryService/SetAlias"
 * @param tell is told the identity as soon as it is known, also where the call is refused afterwards
 * @throws UNAUTHENTICATED, PERMISSION_DENIED naming the missing scope or alias, RESOURCE_EXHAUSTED with a time to retry
 */
export async function admitCall(
  { authorizer, quotas }: Admission,
  method: string,
  authorization: string | undefined,
  tell: (identity: Identity) => void,
): Promise<Identity> {
  const rule = ruleOf(method);
  if (rule === 'open') return ANONYMOUS;
  const identity = await authorizer.identify(authorization);
  tell(identity);
  authorize(identity, rule);
  quotas.countRequest(identity);
  return identity;
}

/**
 * The aliases that a request would change, sooner or later: who may start a training whose result takes an alias must be
 * allowed to change that alias, since the services themselves may change every one.
 * @throws PERMISSION_DENIED
 */
export function admitAliases(identity: Identity, method: string, request: unknown): void {
  for (const alias of aliasesOf(method, request)) authorizeAlias(identity, alias);
}

function aliasesOf(method: string, request: unknown): string[] {
  const { alias, spec } = request as {
    readonly alias?: string;
    readonly spec?: { readonly alias?: string; readonly name?: string };
  };
  switch (method) {
    case 'cassl.v1.RegistryService/SetAlias':
    case 'cassl.v1.RegistryService/RollbackAlias':
    case 'cassl.v1.RegistryService/DeleteAlias':
      return [alias ?? ''];
    case 'cassl.v1.TrainerService/StartTraining':
      return (spec?.alias ?? '') === '' ? [] : [spec?.alias ?? ''];
    case 'cassl.v1.PipelineService/Start':
      return [`${spec?.name ?? ''}/`];
    default:
      return [];
  }
}
