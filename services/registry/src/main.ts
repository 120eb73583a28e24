import { createMetrics, createQuotas, openAuthorizer, runService, serverSecurity } from '@cassl/rpc';
import { collectStart, keepYoungSmall } from './collect-memory.ts';
import { readRegistryConfig } from './config.ts';
import { openRegistry } from './registry.ts';
import { relayEvents } from './aliases/relay-events.ts';
import { registerMetrics } from './registry-metrics.ts';
import { registryService } from './service.ts';
import { runUpkeep } from './upkeep/run-upkeep.ts';
import { deliverWebhooks } from './webhooks/deliver-webhooks.ts';
import { openHttp } from './views/http/open-http.ts';
import { VIEWS } from './views/views.ts';

/** By then gRPC and its reflection have been set up too. */
const SETTLED_MS = 2_000;

keepYoungSmall();
await runService({
  name: 'registry',
  async main({ logger, atStop }) {
    const config = readRegistryConfig();
    const registry = await openRegistry({ ...config, logger });
    atStop(() => registry.close());
    const stop = new AbortController();
    const { signal } = stop;
    const metrics = createMetrics('registry');
    registerMetrics(registry, metrics);
    const work = Promise.all([
      relayEvents(registry, { natsUrl: config.natsUrl, logger, signal }),
      deliverWebhooks(registry, signal),
      runUpkeep(registry, { verifyEveryMs: config.verifyEveryHours * 3_600_000, signal }),
    ]);
    atStop(() => {
      stop.abort();
      return work;
    });
    const authorizer = await openAuthorizer({ ...serverSecurity(config), logger });
    atStop(() => authorizer.close());
    const http = await openHttp({
      registry,
      logger,
      views: VIEWS,
      authorizer,
      quotas: createQuotas(),
      host: config.host,
      port: config.httpPort,
      certFile: config.tlsCertFile,
      keyFile: config.tlsKeyFile,
      clientCaFile: config.tlsClientCaFile,
      redirects: config.httpRedirects,
    });
    // With TLS clients would have to be told whom to trust.
    if (config.tlsCertFile === undefined) registry.uploadPort = Number(new URL(http.url).port);
    logger.info({ url: http.url }, 'serving HTTP views');
    const collection = setTimeout(collectStart, SETTLED_MS);
    atStop(() => clearTimeout(collection));
    return {
      config,
      services: [registryService(registry)],
      metrics,
      handBack: () => http.close(config.drainMs),
    };
  },
});
