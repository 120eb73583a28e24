import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { notFound } from '@cassl/errors';
import { openHttpServer, type HttpServer, type HttpServerOptions } from '@cassl/http';
import { ANONYMOUS, authorizeHttp, type Authorizer, type Quotas } from '@cassl/rpc';
import { failureOf } from './failure.ts';
import { splitPath, type View, type ViewContext, type ViewRequest } from './request.ts';
import { scopeOfRoute } from './route-scopes.ts';
import { sendJson } from './send-json.ts';

export interface HttpOptions
  extends ViewContext, Pick<HttpServerOptions, 'host' | 'port' | 'certFile' | 'keyFile' | 'clientCaFile'> {
  readonly views: readonly View[];
  /** The token may come as a password, which is all that container tools can; scopes are those of `route-scopes.ts`. */
  readonly authorizer: Authorizer;
  readonly quotas?: Quotas;
}

/** Serves the views over HTTP/1.1, with TLS where the service has a certificate. */
export function openHttp(options: HttpOptions): Promise<HttpServer> {
  const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(options, request, response);
  // Pushes of gigabytes take their time; a socket that is silent is cut.
  return openHttpServer({ ...options, requestTimeoutMs: 0 }, onRequest);
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
    const scope = scopeOfRoute(request.method, request.path, request.query);
    const identity = scope === 'open' ? ANONYMOUS : await authorizeHttp(options, raw, scope);
    await view.handle({ ...request, identity });
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
    identity: ANONYMOUS,
    origin: `${isTls ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`,
    signal,
  };
}
