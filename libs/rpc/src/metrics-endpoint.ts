import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CasslError } from '@cassl/errors';
import type { Registry } from 'prom-client';
import { authorizeHttp, sendHttpError, type HttpAccess } from './http-access.ts';

export interface MetricsEndpoint {
  /** `http://host:port` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * `/metrics` for Prometheus, which needs the scope `read`, and for probes, which need nothing, `/healthz` (the process
 * answers) and `/readyz` (it takes calls).
 */
export async function openMetricsEndpoint(options: {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly isReady: () => boolean;
  readonly access: HttpAccess;
}): Promise<MetricsEndpoint> {
  const { host, port, registry, isReady, access } = options;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // No URL is made of it: `//` is none, and only these three are known.
    const [path] = (request.url ?? '/').split('?', 1);
    if (path === '/metrics') {
      await authorizeHttp(access, request, 'read');
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
    answer(request, response).catch((error: unknown) => sendHttpError(response, error));
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
