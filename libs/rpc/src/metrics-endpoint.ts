import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CasslError } from '@cassl/errors';
import type { Registry } from 'prom-client';

export interface MetricsEndpoint {
  /** `http://host:port` */
  readonly url: string;
  close(): Promise<void>;
}

/** `/metrics` for Prometheus, `/healthz` (the process answers) and `/readyz` (it takes calls) for probes. */
export async function openMetricsEndpoint(options: {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly isReady: () => boolean;
}): Promise<MetricsEndpoint> {
  const { host, port, registry, isReady } = options;
  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === '/metrics') {
      response.setHeader('content-type', registry.contentType);
      response.end(await registry.metrics());
    } else if (path === '/healthz') {
      response.end('ok\n');
    } else if (path === '/readyz') {
      response.statusCode = isReady() ? 200 : 503;
      response.end(isReady() ? 'ready\n' : 'not ready\n');
    } else {
      response.statusCode = 404;
      response.end('try /metrics, /healthz or /readyz\n');
    }
  };
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? '/', 'http://localhost').pathname, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(`${String(error)}\n`);
    });
  });
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new CasslError(
      'UNAVAILABLE',
      `cannot listen on ${host}:${port} for metrics: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
