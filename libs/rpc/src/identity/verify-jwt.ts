import { CasslError, invalidArgument, unavailable } from '@cassl/errors';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Identity } from './identity.ts';
import { isScope, withImplied } from './scope.ts';

export interface OidcOptions {
  /** What `iss` must be, for example `https://accounts.example.com`. */
  readonly issuer: string;
  /** What `aud` must hold. */
  readonly audience: string;
  /** Default: what the issuer's `/.well-known/openid-configuration` names. */
  readonly jwksUrl?: string | undefined;
}

const FETCH_MS = 5000;
/** Keys are kept so long, and a key that is not known is looked for at most so often. */
const JWKS_AGE_MS = 600_000;
const COOLDOWN_MS = 10_000;
/** The clocks of two machines. */
const CLOCK_SECONDS = 30;
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
/** Scopes of other programs may have the same names. */
const SCOPE_PREFIX = 'cassl:';

/**
 * Answers who sent a JWT: `sub`, the `cassl:…` scopes of `scope` or `scp`, alias prefixes of `cassl_aliases` (by default all).
 * The issuer's keys are fetched at the first token and kept, so that it may be away afterwards.
 */
export function jwtVerifier(options: OidcOptions): (token: string) => Promise<Identity> {
  const { issuer, audience } = options;
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const keySet = async (): Promise<JWTVerifyGetKey> => {
    keys ??= openKeySet(options);
    try {
      return await keys;
    } catch (error) {
      keys = undefined;
      throw error;
    }
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, await keySet(), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SECONDS,
        requiredClaims: ['exp', 'sub'],
      });
      return identityOf(payload);
    } catch (error) {
      throw translate(error);
    }
  };
}

async function openKeySet({ issuer, jwksUrl }: OidcOptions): Promise<JWTVerifyGetKey> {
  const url = new URL(jwksUrl ?? (await discover(issuer)));
  const settings = { timeoutDuration: FETCH_MS, cooldownDuration: COOLDOWN_MS, cacheMaxAge: JWKS_AGE_MS };
  return createRemoteJWKSet(url, settings);
}

async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) });
  const { jwks_uri: found } = (await answer.json()) as { readonly jwks_uri?: unknown };
  if (typeof found === 'string') return found;
  throw invalidArgument(`${url} names no jwks_uri`);
}

function identityOf(payload: JWTPayload): Identity {
  const { sub = '', scope, scp, cassl_aliases: aliases } = payload;
  const named = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scp) ? scp : [];
  const scopes = named
    .filter((entry): entry is string => typeof entry === 'string' && entry.startsWith(SCOPE_PREFIX))
    .map((entry) => entry.slice(SCOPE_PREFIX.length))
    .filter(isScope);
  const prefixes = Array.isArray(aliases) ? aliases.filter((entry) => typeof entry === 'string') : [''];
  return { name: sub, scopes: withImplied(scopes), aliasPrefixes: prefixes, quota: {} };
}

/** A token that is wrong is the caller's; keys that cannot be had are not. */
function translate(error: unknown): CasslError {
  const refuse = (reason: string, why: string): CasslError =>
    new CasslError('UNAUTHENTICATED', `the bearer token ${why}`, { details: { reason } });
  if (error instanceof errors.JWTExpired) return refuse('TOKEN_EXPIRED', 'has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refuse('TOKEN_NOT_FOR_US', `has another "${error.claim}" than this service wants`);
  }
  const isWrong =
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported;
  if (isWrong) return refuse('TOKEN_INVALID', 'is not one that the issuer has signed');
  return unavailable('the keys of the token issuer cannot be fetched now; try again', {
    cause: error,
    details: { reason: 'ISSUER_AWAY', retryAfterMs: 5000 },
  });
}
