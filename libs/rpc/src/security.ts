import { readFileSync } from 'node:fs';
import { invalidArgument } from '@cassl/errors';
import { ChannelCredentials, experimental, ServerCredentials } from '@grpc/grpc-js';
import type { OidcOptions } from './identity/verify-jwt.ts';
import type { Logger } from './logger.ts';
import { openReloadingCertificates } from './reloading-certificates.ts';

export interface ServerSecurity {
  /** A token that may do everything; with any of these four, every call but health checks must carry a bearer token. */
  readonly token?: string | undefined;
  /** File with such a token, read again when it changes. */
  readonly tokenFile?: string | undefined;
  /** File of tokens with their scopes (`parseTokenFile`), read again when it changes. */
  readonly tokensFile?: string | undefined;
  /** JWTs of this issuer are taken as well. */
  readonly oidc?: OidcOptions | undefined;
  /** PEM files, read again when they change; both or none. Without them the server speaks plain HTTP/2. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** PEM file; clients must show a certificate signed by it. */
  readonly clientCaFile?: string | undefined;
  /** Milliseconds between two looks at the files. @default 2000 */
  readonly reloadMs?: number | undefined;
}

export interface ClientSecurity {
  readonly token?: string | undefined;
  /** File with the token, read again when it changes. */
  readonly tokenFile?: string | undefined;
  /** Use TLS; implied by any of the files. */
  readonly tls?: boolean | undefined;
  /** PEM certificates to trust instead of the system's. */
  readonly caFile?: string | undefined;
  /** PEM certificate and key to show to the server. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Client settings: `CASSL_AUTH_TOKEN`, `CASSL_AUTH_TOKEN_FILE`, `CASSL_TLS` (1), `CASSL_TLS_CA_FILE`, `CASSL_TLS_CLIENT_CERT_FILE`, `CASSL_TLS_CLIENT_KEY_FILE`. */
export function clientSecurityFromEnv(env: NodeJS.ProcessEnv = process.env): ClientSecurity {
  return {
    token: env.CASSL_AUTH_TOKEN || undefined,
    tokenFile: env.CASSL_AUTH_TOKEN_FILE || undefined,
    tls: env.CASSL_TLS === '1' || undefined,
    caFile: env.CASSL_TLS_CA_FILE || undefined,
    certFile: env.CASSL_TLS_CLIENT_CERT_FILE || undefined,
    keyFile: env.CASSL_TLS_CLIENT_KEY_FILE || undefined,
  };
}

/** Credentials that follow their files; `close` ends the looking. */
export interface OpenCredentials {
  readonly credentials: ServerCredentials;
  close(): void;
}

/** @throws INVALID_ARGUMENT for half a pair and for files that are not right */
export async function serverCredentials(security: ServerSecurity, logger?: Logger): Promise<OpenCredentials> {
  const { certFile, keyFile, clientCaFile } = security;
  if (certFile === undefined && keyFile === undefined) {
    if (clientCaFile !== undefined)
      throw invalidArgument('CASSL_TLS_CLIENT_CA_FILE needs CASSL_TLS_CERT_FILE');
    return { credentials: ServerCredentials.createInsecure(), close: () => undefined };
  }
  if (certFile === undefined || keyFile === undefined) {
    throw invalidArgument('CASSL_TLS_CERT_FILE and CASSL_TLS_KEY_FILE go together; only one is set');
  }
  const isMutual = clientCaFile !== undefined;
  const certificates = await openReloadingCertificates(
    { certFile, keyFile, caFile: clientCaFile },
    { logger, ...(security.reloadMs === undefined ? {} : { everyMs: security.reloadMs }) },
  );
  const { provider } = certificates;
  const credentials = experimental.createCertificateProviderServerCredentials(
    provider,
    isMutual ? provider : null,
    isMutual,
  );
  return { credentials, close: () => certificates.close() };
}

export function clientCredentials(security: ClientSecurity): ChannelCredentials {
  const { tls, caFile, certFile, keyFile } = security;
  if (tls !== true && caFile === undefined && certFile === undefined)
    return ChannelCredentials.createInsecure();
  const read = (path: string | undefined): Buffer | null => (path === undefined ? null : readFileSync(path));
  return ChannelCredentials.createSsl(read(caFile), read(keyFile), read(certFile));
}
