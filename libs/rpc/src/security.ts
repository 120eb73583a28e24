import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { CasslError, invalidArgument } from '@cassl/errors';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';

export interface ServerSecurity {
  /** Every call but health checks must carry `authorization: Bearer <token>`. */
  readonly token?: string | undefined;
  /** PEM files; both or none. Without them the server speaks plain HTTP/2. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** PEM file; clients must show a certificate signed by it. */
  readonly clientCaFile?: string | undefined;
}

export interface ClientSecurity {
  readonly token?: string | undefined;
  /** Use TLS; implied by any of the files. */
  readonly tls?: boolean | undefined;
  /** PEM certificates to trust instead of the system's. */
  readonly caFile?: string | undefined;
  /** PEM certificate and key to show to the server. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Client settings: `CASSL_AUTH_TOKEN`, `CASSL_TLS` (1), `CASSL_TLS_CA_FILE`, `CASSL_TLS_CLIENT_CERT_FILE`, `CASSL_TLS_CLIENT_KEY_FILE`. */
export function clientSecurityFromEnv(env: NodeJS.ProcessEnv = process.env): ClientSecurity {
  return {
    token: env.CASSL_AUTH_TOKEN || undefined,
    tls: env.CASSL_TLS === '1' || undefined,
    caFile: env.CASSL_TLS_CA_FILE || undefined,
    certFile: env.CASSL_TLS_CLIENT_CERT_FILE || undefined,
    keyFile: env.CASSL_TLS_CLIENT_KEY_FILE || undefined,
  };
}

export async function serverCredentials(security: ServerSecurity): Promise<ServerCredentials> {
  const { certFile, keyFile, clientCaFile } = security;
  if (certFile === undefined && keyFile === undefined) {
    if (clientCaFile !== undefined)
      throw invalidArgument('CASSL_TLS_CLIENT_CA_FILE needs CASSL_TLS_CERT_FILE');
    return ServerCredentials.createInsecure();
  }
  if (certFile === undefined || keyFile === undefined) {
    throw invalidArgument('CASSL_TLS_CERT_FILE and CASSL_TLS_KEY_FILE go together; only one is set');
  }
  const [cert, key, ca] = await Promise.all([pem(certFile), pem(keyFile), clientCaFile && pem(clientCaFile)]);
  return ServerCredentials.createSsl(
    ca ? ca : null,
    [{ cert_chain: cert, private_key: key }],
    clientCaFile !== undefined,
  );
}

export function clientCredentials(security: ClientSecurity): ChannelCredentials {
  const { tls, caFile, certFile, keyFile } = security;
  if (tls !== true && caFile === undefined && certFile === undefined)
    return ChannelCredentials.createInsecure();
  const read = (path: string | undefined): Buffer | null => (path === undefined ? null : readFileSync(path));
  return ChannelCredentials.createSsl(read(caFile), read(keyFile), read(certFile));
}

async function pem(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw invalidArgument(`cannot read the PEM file ${path}`, { cause });
  });
}

/** @throws UNAUTHENTICATED unless the `authorization` value is the bearer token; takes the same time for every wrong one */
export function checkToken(authorization: string | undefined, token: string): void {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  if (timingSafeEqual(hash(authorization ?? ''), hash(`Bearer ${token}`))) return;
  throw new CasslError(
    'UNAUTHENTICATED',
    authorization === undefined
      ? 'this service wants a bearer token: set CASSL_AUTH_TOKEN'
      : 'the bearer token is not the one this service was started with',
  );
}
