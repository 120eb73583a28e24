import { openAuthorizer, runService, serverSecurity } from '@cassl/rpc';
import { createApp } from './app.ts';
import { bundleWeb } from './assets/bundle-web.ts';
import { readConsoleConfig } from './config.ts';
import { listen } from './http/listen.ts';
import { openPlatform } from './platform.ts';

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
      logsDir: config.logsDir,
      stopping: stopping.signal,
      web: await bundleWeb(),
      access: { authorizer },
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
