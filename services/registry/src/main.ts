import { createMetrics, openAuthorizer, runService, serve, serverSecurity } from '@cassl/rpc';
import { readRegistryConfig } from './config.ts';
import { openRegistry } from './registry.ts';
import { relayEvents } from './aliases/relay-events.ts';
import { registerMetrics } from './registry-metrics.ts';
import { registryService } from './service.ts';
import { runUpkeep } from './upkeep/run-upkeep.ts';
import { deliverWebhooks } from './webhooks/deliver-webhooks.ts';
import { openHttp } from './views/http/open-http.ts';
import { VIEWS } from './views/views.ts';

await runService({
  name: 'registry',
  main: async ({ logger }) => {
    const config = readRegistryConfig();
    const registry = await openRegistry({ ...config, logger });
    const stop = new AbortController();
    const { signal } = stop;
    const metrics = createMetrics('registry');
    registerMetrics(registry, metrics);
    const work = Promise.all([
      relayEvents(registry, { natsUrl: config.natsUrl, logger, signal }),
      deliverWebhooks(registry, signal),
      runUpkeep(registry, { verifyEveryMs: config.verifyEveryHours * 3_600_000, signal }),
    ]);
    const server = await serve({
      name: 'registry',
      services: [registryService(registry)],
      host: config.host,
      port: config.port,
      metricsPort: config.metricsPort,
      security: serverSecurity(config),
      logger,
      metrics,
    });
    const authorizer = await openAuthorizer({ ...serverSecurity(config), logger });
    const http = await openHttp({
      registry,
      logger,
      views: VIEWS,
      authorizer,
      host: config.host,
      port: config.httpPort,
      certFile: config.tlsCertFile,
      keyFile: config.tlsKeyFile,
      clientCaFile: config.tlsClientCaFile,
      redirects: config.httpRedirects,
    });
    logger.info({ url: http.url }, 'serving HTTP views');
    return {
      async stop() {
        await http.close(config.drainMs);
        authorizer.close();
        await server.stop({ drainMs: config.drainMs });
        stop.abort();
        await work;
        await registry.close();
      },
    };
  },
});
