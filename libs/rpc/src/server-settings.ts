import { z } from 'zod';
import { PLACES_VARIABLE } from '@cassl/storage';
import { setting, type Setting } from './settings.ts';
import type { ServerSecurity } from './security.ts';

/** A port; 0 takes a free one. */
export function portSetting(variable: string, fallback: number, meaning: string): Setting<number> {
  return setting(variable, z.coerce.number().int().min(0).max(65535).default(fallback), meaning);
}

const text = z.string().optional();

// The return type would only repeat the object below.
/** The settings that every service has, `CASSL_NATS_…` for `connectEvents` of libs/events to act on; spread them into its own: `{ ...serverSettings({ port: 7101 }), dataDir: … }`. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types
export function serverSettings(defaults: { readonly port: number; readonly metricsPort: number }) {
  return {
    host: setting('CASSL_HOST', z.string().default('127.0.0.1'), 'Address to listen on'),
    port: portSetting('CASSL_PORT', defaults.port, 'Port of the gRPC API; 0 takes a free one'),
    metricsPort: portSetting(
      'CASSL_METRICS_PORT',
      defaults.metricsPort,
      'HTTP port of `/metrics`, `/healthz` and `/readyz`; 0 takes a free one',
    ),
    drainMs: setting(
      'CASSL_DRAIN_MS',
      z.coerce.number().int().min(0).max(3_600_000).default(25_000),
      'Milliseconds within which the process ends once it is asked to stop; running calls get four fifths of them',
    ),
    natsUrl: setting('CASSL_NATS_URL', z.string().default('nats://127.0.0.1:4222'), 'Address of nats-server'),
    natsUser: setting(
      'CASSL_NATS_USER',
      text,
      'User of nats-server with the rights of this service (docs/identity.md)',
    ),
    natsPassword: setting('CASSL_NATS_PASSWORD', text, 'Its password', { isSecret: true }),
    natsToken: setting('CASSL_NATS_TOKEN', text, 'Token of nats-server, instead of a user', {
      isSecret: true,
    }),
    natsCredsFile: setting(
      'CASSL_NATS_CREDS_FILE',
      text,
      'File of NATS credentials (JWT and seed), instead of a user; read again for every connection',
    ),
    authToken: setting(
      'CASSL_AUTH_TOKEN',
      text,
      'Bearer token that may do everything; calls then need a token',
      {
        isSecret: true,
      },
    ),
    authTokenFile: setting(
      'CASSL_AUTH_TOKEN_FILE',
      text,
      'File with such a token; read again when it changes',
    ),
    tokensFile: setting(
      'CASSL_TOKENS_FILE',
      text,
      'JSON file of tokens with scopes, alias prefixes and quotas (docs/identity.md); read again when it changes',
    ),
    oidcIssuer: setting('CASSL_OIDC_ISSUER', text, 'Issuer of JWTs that are taken as bearer tokens'),
    oidcAudience: setting('CASSL_OIDC_AUDIENCE', z.string().default('cassl'), 'Audience that they must name'),
    oidcJwksUrl: setting(
      'CASSL_OIDC_JWKS_URL',
      text,
      "The issuer's keys; default: what its discovery document names",
    ),
    tlsCertFile: setting(
      'CASSL_TLS_CERT_FILE',
      text,
      'PEM certificate chain of the server; turns TLS on; read again when it changes',
    ),
    tlsKeyFile: setting('CASSL_TLS_KEY_FILE', text, 'PEM private key of that certificate'),
    tlsClientCaFile: setting(
      'CASSL_TLS_CLIENT_CA_FILE',
      text,
      'PEM certificates; clients must show one signed by them (mutual TLS)',
    ),
    logLevel: setting(
      'CASSL_LOG_LEVEL',
      z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
      'How much to log; at `debug` one line a call',
    ),
  };
}

const PLACES = 'absolute folders, `file://` or `s3://bucket/prefix` addresses, separated by commas';

/** The settings of a service whose requests name data; `limitAddresses` of libs/storage acts on them. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types
export function addressSettings() {
  return {
    dataRoots: setting(
      PLACES_VARIABLE.read,
      z.string().default(''),
      `Where requests may read: ${PLACES}; by default nowhere`,
    ),
    outputRoots: setting(
      PLACES_VARIABLE.write,
      z.string().default(''),
      `Where requests may write and read: ${PLACES}; by default nowhere`,
    ),
  };
}

/** What `serve` needs of these settings. */
export function serverSecurity(config: {
  readonly authToken: string | undefined;
  readonly authTokenFile: string | undefined;
  readonly tokensFile: string | undefined;
  readonly oidcIssuer: string | undefined;
  readonly oidcAudience: string;
  readonly oidcJwksUrl: string | undefined;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly tlsClientCaFile: string | undefined;
}): ServerSecurity {
  return {
    token: config.authToken,
    tokenFile: config.authTokenFile,
    tokensFile: config.tokensFile,
    oidc:
      config.oidcIssuer === undefined
        ? undefined
        : { issuer: config.oidcIssuer, audience: config.oidcAudience, jwksUrl: config.oidcJwksUrl },
    certFile: config.tlsCertFile,
    keyFile: config.tlsKeyFile,
    clientCaFile: config.tlsClientCaFile,
  };
}
