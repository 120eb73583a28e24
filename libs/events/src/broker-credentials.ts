import { readFileSync } from 'node:fs';
import {
  credsAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
} from '@nats-io/transport-node';
import { invalidArgument } from '@cassl/errors';

/** How a service shows the broker who it is; nothing at all for a broker that asks nobody. */
export interface BrokerCredentials {
  readonly token?: string | undefined;
  /** A user of nats-server with its password. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** A file of credentials as `nsc` writes it (JWT and seed); read again for every connection. */
  readonly credsFile?: string | undefined;
}

/** Names of the environment variables; `serverSettings` of libs/rpc documents them. */
export function brokerCredentials(env: NodeJS.ProcessEnv = process.env): BrokerCredentials {
  return {
    token: env['CASSL_NATS_TOKEN'] || undefined,
    user: env['CASSL_NATS_USER'] || undefined,
    password: env['CASSL_NATS_PASSWORD'] || undefined,
    credsFile: env['CASSL_NATS_CREDS_FILE'] || undefined,
  };
}

/** @throws INVALID_ARGUMENT for a user without a password, or for more than one way */
export function authenticatorOf({
  token,
  user,
  password,
  credsFile,
}: BrokerCredentials): Authenticator | undefined {
  if ([token, user, credsFile].filter((way) => way !== undefined).length > 1) {
    throw invalidArgument('set one of CASSL_NATS_TOKEN, CASSL_NATS_USER and CASSL_NATS_CREDS_FILE');
  }
  if ((user === undefined) !== (password === undefined)) {
    throw invalidArgument('CASSL_NATS_USER and CASSL_NATS_PASSWORD belong together: set both or none');
  }
  if (token !== undefined) return tokenAuthenticator(token);
  if (user !== undefined) return usernamePasswordAuthenticator(user, password ?? '');
  if (credsFile !== undefined) return credsAuthenticator(() => readFileSync(credsFile));
  return undefined;
}
