import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import { isIPv6, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage, invalidArgument, unavailable } from '@cassl/errors';
import { httpFailure } from '@cassl/rpc';
import { getRequestListener, RequestError } from '@hono/node-server';

export interface ListenOptions {
  readonly fetch: Parameters<typeof getRequestListener>[0];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM files; both or none. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export interface HttpServer {
  /** `http://host:port`, which can be opened. */
  readonly url: string;
  /** Lets running requests end for up to `drainMs`, then cuts them. */
  close(drainMs: number): Promise<void>;
}

/** Serves HTTP/1.1, with TLS where there is a certificate. @throws UNAVAILABLE naming a port that is taken */
export async function listen({ fetch, host, port, certFile, keyFile }: ListenOptions): Promise<HttpServer> {
  const isTls = certFile !== undefined && keyFile !== undefined;
  const listener = getRequestListener(fetch, { errorHandler: refusal });
  const handle: typeof listener = (request, response) => listener(request, response);
  const server: Server = isTls
    ? createTlsServer(
        { cert: await readFile(certFile), key: await readFile(keyFile) },
        (q, s) => void handle(q, s),
      )
    : createServer((request, response) => void handle(request, response));
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw unavailable(`cannot listen on ${host}:${port} for HTTP: ${errorMessage(cause)}`, { cause });
  }
  return {
    url: `${isTls ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`,
    async close(drainMs) {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await Promise.race([closed, delay(drainMs, undefined, { ref: false })]);
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Of a request that is not even an address, which no route sees. */
function refusal(error: unknown): Response {
  const isRequest = error instanceof RequestError;
  const { status, code, message } = httpFailure(
    isRequest ? invalidArgument(`the request cannot be read: ${error.message}`) : error,
  );
  return Response.json({ error: { code, message } }, { status });
}
