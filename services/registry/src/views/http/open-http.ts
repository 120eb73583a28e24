import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, notFound, unavailable } from '@cassl/errors';
import { authorizeHttp, type Authorizer } from '@cassl/rpc';
import { failureOf } from './failure.ts';
import { splitPath, type View, type ViewContext, type ViewRequest } from './request.ts';
import { sendJson } from './send-json.ts';

export interface HttpOptions extends ViewContext {
  readonly views: readonly View[];
  /** Reading needs the scope `read`; the token may come as a password, which is all that container tools can. */
  readonly authorizer: Authorizer;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM files; both or none. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** PEM certificates; clients must show one signed by them. */
  readonly clientCaFile?: string | undefined;
}

export interface HttpServer {
  /** `http://host:port` */
  readonly url: string;
  /** Takes no new requests, lets running ones end for up to `drainMs`, then cuts them. */
  close(drainMs: number): Promise<void>;
}

const LIMITS: ServerOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 20_000,
  // Pushes of gigabytes take their time; a socket that is silent is cut below.
  requestTimeout: 0,
  keepAliveTimeout: 10_000,
};
const SILENCE_MS = 120_000;

/** Serves the views over HTTP/1.1, with TLS where the service has a certificate. */
export async function openHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port, certFile, keyFile, clientCaFile } = options;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(options, request, response);
  const isTls = certFile !== undefined && keyFile !== undefined;
  const server: Server = isTls
    ? createTlsServer({ ...LIMITS, ...(await certificates(certFile, keyFile, clientCaFile)) }, onRequest)
    : createServer(LIMITS, onRequest);
  server.setTimeout(SILENCE_MS);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw unavailable(`cannot listen on ${host}:${port} for HTTP: ${errorMessage(cause)}`, { cause });
  }
  return {
    url: `${isTls ? 'https' : 'http'}://${host}:${(server.address() as AddressInfo).port}`,
    async close(drainMs) {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await Promise.race([closed, sleep(drainMs, undefined, { ref: false })]);
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(options: HttpOptions, raw: IncomingMessage, response: ServerResponse): Promise<void> {
  const callId = randomUUID();
  response.setHeader('x-request-id', callId);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const request = takeApart(options, raw, response, gone.signal);
  const view = request && options.views.find((known) => known.owns(request.path));
  try {
    if (request === undefined || view === undefined) throw notFound('no such address');
    await authorizeHttp(options, raw, 'read');
    await view.handle(request);
  } catch (error) {
    if (gone.signal.aborted) return;
    const failure = failureOf(error, callId);
    if (failure.status >= 500)
      options.logger.error({ err: error, callId, path: request?.path }, 'HTTP request failed');
    // Half an answer can't be taken back: the client must see it break off.
    if (response.headersSent) response.destroy();
    else if (request !== undefined && view !== undefined) view.fail(request, failure);
    else
      sendJson(
        { method: raw.method ?? 'GET', response },
        { error: failure.message },
        { status: failure.status },
      );
  }
}

function takeApart(
  context: ViewContext,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): ViewRequest | undefined {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const pathname = mark < 0 ? target : target.slice(0, mark);
  const path = pathname.startsWith('/') ? splitPath(pathname) : undefined;
  if (path === undefined) return undefined;
  const isTls = 'encrypted' in request.socket;
  return {
    registry: context.registry,
    logger: context.logger,
    redirects: context.redirects ?? true,
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    request,
    response,
    origin: `${isTls ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`,
    signal,
  };
}

async function certificates(
  certFile: string,
  keyFile: string,
  clientCaFile: string | undefined,
): Promise<{ cert: Buffer; key: Buffer; ca?: Buffer; requestCert?: boolean }> {
  const pair = { cert: await readFile(certFile), key: await readFile(keyFile) };
  return clientCaFile === undefined ? pair : { ...pair, ca: await readFile(clientCaFile), requestCert: true };
}
