import { join, resolve } from 'node:path';
import { createQuotas, openAuthorizer, runService, serverSecurity } from '@cassl/rpc';
import { createApp } from './app.ts';
import { bundleWeb } from './assets/bundle-web.ts';
import { readConsoleConfig } from './config.ts';
import { listen } from './http/listen.ts';
import { createImageSets } from './label-sets/image-sets.ts';
import { openPlatform } from './platform.ts';
import { createThumbnails } from './thumbnails/thumbnails.ts';

await runService({
  name: 'console',
  async main({ logger, atStop }) {
    const config = readConsoleConfig();
    const platform = openPlatform(config);
    atStop(() => platform.close());
    const authorizer = await openAuthorizer({ ...serverSecurity(config), logger });
    atStop(() => authorizer.close());
    const stopping = new AbortController();
    const app = createApp({
      platform,
      imageSets: createImageSets(),
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
