import { join, resolve } from 'node:path';
import { invalidArgument } from '@cassl/errors';
import { createQuotas, openAuthorizer, runService, serverSecurity } from '@cassl/rpc';
import { createApp, type AppOptions } from './app.ts';
import { bundleWeb } from './assets/bundle-web.ts';
import { readConsoleConfig, type ConsoleConfig } from './config.ts';
import { listen } from './http/listen.ts';
import { oidcSignIn } from './http/oidc-sign-in.ts';
import { createDetectionSets } from './label-sets/detection-sets.ts';
import { createImageSets } from './label-sets/image-sets.ts';
import { openPlatform } from './platform.ts';
import { createThumbnails } from './thumbnails/thumbnails.ts';

/** @throws INVALID_ARGUMENT for a client without an issuer */
function accountsOf({
  oidcIssuer: issuer,
  oidcAudience: audience,
  oidcClientId: clientId,
  oidcClientSecret: clientSecret,
  oidcScopes: scopes,
}: ConsoleConfig): AppOptions['accounts'] {
  if (clientId === undefined) return undefined;
  if (issuer === undefined) throw invalidArgument('CASSL_OIDC_CLIENT_ID needs CASSL_OIDC_ISSUER');
  return { issuer, signIn: oidcSignIn({ issuer, audience, clientId, clientSecret, scopes }) };
}

await runService({
  name: 'console',
  async main({ logger, atStop }) {
    const config = readConsoleConfig();
    const platform = openPlatform(config);
    atStop(() => platform.close());
    const authorizer = await openAuthorizer({ ...serverSecurity(config), logger });
    atStop(() => authorizer.close());
    const stopping = new AbortController();
    const detections = join(resolve(config.dataDir), 'detections');
    const app = createApp({
      platform,
      imageSets: createImageSets(detections),
      detectionSets: createDetectionSets(detections),
      thumbnails: createThumbnails(
        join(resolve(config.dataDir), 'thumbnails'),
        config.thumbnailMegabytes * 1e6,
      ),
      registryHttpUrl: config.registryHttpUrl,
      logsDir: config.logsDir,
      experimentsDir: config.experimentsDir,
      stopping: stopping.signal,
      web: await bundleWeb(),
      access: { authorizer, quotas: createQuotas() },
      accounts: accountsOf(config),
      logger,
      host: config.host,
    });
    const http = await listen({
      fetch: app.fetch,
      host: config.host,
      port: config.httpPort,
      certFile: config.tlsCertFile,
      keyFile: config.tlsKeyFile,
    });
    logger.info({ url: http.url }, 'serving the console');
    return {
      config,
      // Its gRPC port answers health checks alone.
      services: [],
      handBack: () => {
        stopping.abort();
        return http.close(config.drainMs);
      },
    };
  },
});
