import { createServer, type Server } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';

export interface Issuer {
  readonly url: string;
  close(): Promise<void>;
}

export const AUDIENCE = 'urn:cassl';
export const CLIENT = { clientId: 'console', clientSecret: 'secret-of-the-console' };

/** A certified OpenID provider with its own pages, where any name and password are an account; its access tokens are JWTs for `AUDIENCE`. */
export async function openIssuer(redirectUri: () => string, scope: string): Promise<Issuer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'one' };
  let provider: Provider | undefined;
  server.on('request', (request, response) => {
    // Made at the first request: by then the console has its address.
    provider ??= new Provider(url, { ...configuration(redirectUri(), scope), jwks: { keys: [key] } });
    void provider.callback()(request, response);
  });
  return { url, close: () => closed(server) };
}

function configuration(redirectUri: string, scope: string): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    scopes: ['openid', ...scope.split(' ')],
    cookies: { keys: ['any'] },
    ttl: { AccessToken: 600 },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope,
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close').catch(() => undefined);
}
