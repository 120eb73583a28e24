import { CasslError } from '@cassl/errors';
import type { Logger } from '../logger.ts';
import { ANONYMOUS, type Identity } from './identity.ts';
import { SCOPES } from './scope.ts';
import { parseTokenFile, tokenDigest, type TokenTable } from './token-file.ts';
import type { OidcOptions } from './verify-jwt.ts';
import { watchFiles, type WatchedFiles } from './watched-file.ts';

export interface AuthorizerOptions {
  /** One token that may do everything: `CASSL_AUTH_TOKEN`. */
  readonly token?: string | undefined;
  /** File with such a token: `CASSL_AUTH_TOKEN_FILE`. Read again when it changes. */
  readonly tokenFile?: string | undefined;
  /** File with tokens and their scopes: `CASSL_TOKENS_FILE`. Read again when it changes. */
  readonly tokensFile?: string | undefined;
  readonly oidc?: OidcOptions | undefined;
  readonly logger?: Logger | undefined;
}

/** Finds out who calls. */
export interface Authorizer {
  /**
   * The caller of a request by its `authorization` header.
   * @throws UNAUTHENTICATED without a token that is known; UNAVAILABLE where the issuer's keys cannot be had
   */
  identify(authorization: string | undefined): Promise<Identity>;
  /** False where the service was given nothing to check: everybody may do everything. */
  readonly isOn: boolean;
  close(): void;
}

const OPERATOR: Omit<Identity, 'name'> = { scopes: new Set(SCOPES), aliasPrefixes: [''], quota: {} };

/** @throws INVALID_ARGUMENT for a token file that is not right */
export async function openAuthorizer(options: AuthorizerOptions): Promise<Authorizer> {
  const { token, tokenFile, tokensFile, oidc, logger } = options;
  const watched: WatchedFiles<TokenTable>[] = [];
  const onError = (error: unknown): void =>
    logger?.warn({ err: error }, 'a token file cannot be read now, the last good one stays');
  if (tokenFile !== undefined) {
    watched.push(
      await watchFiles({
        paths: [tokenFile],
        parse: ([text]) => operatorTable(String(text).trim()),
        onError,
      }),
    );
  }
  if (tokensFile !== undefined) {
    const parse = ([text = Buffer.alloc(0)]: readonly Buffer[]): TokenTable =>
      parseTokenFile(text, tokensFile);
    watched.push(await watchFiles({ paths: [tokensFile], parse, onError }));
  }
  const fixed = token === undefined ? [] : [operatorTable(token)];
  const verifyJwt = oidc === undefined ? undefined : (await import('./verify-jwt.ts')).jwtVerifier(oidc);
  const isOn = fixed.length + watched.length > 0 || verifyJwt !== undefined;

  return {
    isOn,
    async identify(authorization) {
      if (!isOn) return ANONYMOUS;
      const given = tokenOf(authorization);
      const digest = tokenDigest(given);
      for (const table of [...fixed, ...watched.map((file) => file.current())]) {
        const identity = table.get(digest);
        if (identity !== undefined) return identity;
      }
      if (verifyJwt !== undefined && isJwt(given)) return verifyJwt(given);
      throw refused('TOKEN_INVALID', 'the bearer token is not one that this service knows');
    },
    close: () => watched.forEach((file) => file.close()),
  };
}

function operatorTable(token: string): TokenTable {
  return new Map([[tokenDigest(token), { ...OPERATOR, name: 'operator' }]]);
}

function tokenOf(authorization: string | undefined): string {
  if (authorization === undefined) {
    throw refused('TOKEN_MISSING', 'this service wants a bearer token: set CASSL_AUTH_TOKEN');
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw refused('TOKEN_INVALID', 'the authorization must be "Bearer TOKEN"');
  return token;
}

function isJwt(token: string): boolean {
  return token.split('.').length === 3;
}

function refused(reason: string, message: string): CasslError {
  return new CasslError('UNAUTHENTICATED', message, { details: { reason } });
}
