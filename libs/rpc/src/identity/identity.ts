import { CasslError } from '@cassl/errors';
import { SCOPES, type Scope } from './scope.ts';

/** How much one identity may ask for; what is not given is not limited. */
export interface Quota {
  /** Calls a second, on average; twice as many in one go. */
  readonly requestsPerSecond?: number | undefined;
  /** Images that wait for or are in inference at the same time. */
  readonly queuedImages?: number | undefined;
  /** Labelings, trainings, evaluations and pipelines that are not ended, each kind for itself. */
  readonly runningJobs?: number | undefined;
}

/** Who calls. */
export interface Identity {
  /** The token's name, or the `sub` of a JWT; "anonymous" where the service checks nothing. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Aliases that it may change: all that start with one of these. `['']`: all. */
  readonly aliasPrefixes: readonly string[];
  readonly quota: Quota;
}

/** Whoever calls a service that was given neither tokens nor an issuer. */
export const ANONYMOUS: Identity = {
  name: 'anonymous',
  scopes: new Set(SCOPES),
  aliasPrefixes: [''],
  quota: {},
};

/** @throws PERMISSION_DENIED that names the missing scope */
export function authorize(identity: Identity, scope: Scope): void {
  if (identity.scopes.has(scope)) return;
  throw new CasslError('PERMISSION_DENIED', `${identity.name} lacks the scope "${scope}"`, {
    details: { reason: 'SCOPE_MISSING', scope },
  });
}

/** @throws PERMISSION_DENIED unless the identity may promote, and this alias */
export function authorizeAlias(identity: Identity, alias: string): void {
  authorize(identity, 'promote');
  if (identity.aliasPrefixes.some((prefix) => alias.startsWith(prefix))) return;
  const allowed = identity.aliasPrefixes.map((prefix) => `"${prefix}…"`).join(', ');
  throw new CasslError(
    'PERMISSION_DENIED',
    `${identity.name} may change aliases ${allowed || '(none)'} only`,
    {
      details: { reason: 'ALIAS_NOT_ALLOWED' },
    },
  );
}
