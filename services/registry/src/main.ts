import { runService, serve, serverSecurity } from '@cassl/rpc';
import { readRegistryConfig } from './config.ts';
import { openRegistry } from './registry.ts';
import { relayEvents } from './aliases/relay-events.ts';
import { registryService } from './service.ts';

await runService({
  name: 'registry',
  main: async ({ logger }) => {
    const config = readRegistryConfig();
    const registry = await openRegistry(config);
    const stop = new AbortController();
    const relaying = relayEvents(registry, { natsUrl: config.natsUrl, logger, signal: stop.signal });
    const server = await serve({
      name: 'registry',
      services: [registryService(registry)],
      host: config.host,
      port: config.port,
      metricsPort: config.metricsPort,
      security: serverSecurity(config),
      logger,
    });
    return {
      async stop() {
        await server.stop({ drainMs: config.drainMs });
        stop.abort();
        await relaying;
        await registry.close();
      },
    };
  },
});
