import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { CasslError, deadlineExceeded, errorCode, invalidArgument, notFound } from '@cassl/errors';
import {
  ANONYMOUS,
  auditHttpRefusal,
  authorizeHttp,
  httpFailure,
  reasonOf,
  type HttpAccess,
  type Identity,
  type Logger,
  type Registry,
} from '@cassl/rpc';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { HttpCaller } from './http-request.ts';
import { observeRequests } from './observe-requests.ts';
import { allowOrigins, TIMEOUT_HEADER } from './allow-origins.ts';
import { byteBudget, type ByteBudget } from './byte-budget.ts';
import { openHttpServer, type HttpServer, type HttpServerOptions } from './open-http-server.ts';
import { readBody } from './read-body.ts';

export interface HttpAppOptions extends Omit<HttpServerOptions, 'silenceMs' | 'requestTimeoutMs'> {
  readonly access: HttpAccess;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** Milliseconds from a request's first byte to its answer; a client may ask for less by `x-cassl-timeout-ms`. */
  readonly timeoutMs: number;
  /** Bytes of one body. */
  readonly maxBodyBytes: number;
  /** Bytes of all bodies that are held at the same time. */
  readonly maxHeldBytes: number;
  /** Origins whose pages may call, or `*` for all. @default none */
  readonly origins?: readonly string[];
  /** Adds the routes. Every route says its scope in `config`. */
  readonly routes: (app: FastifyInstance) => void;
}

const CALL_ID = /^[\w.-]{1,128}$/;
const SILENCE_BEYOND_MS = 10_000;

/**
 * An HTTP port with the rules of the gRPC one: tokens, scopes, quotas, deadlines, call ids, and errors by the same codes. Handlers
 * get the body as a Buffer, uncompressed.
 */
export async function openHttpApp(options: HttpAppOptions): Promise<HttpServer> {
  let answer: RequestListener | undefined;
  const app = fastify({
    // The server that listens is ours: its certificates are read again, its end drains.
    serverFactory: (handler) => {
      answer = handler;
      return createServer();
    },
    routerOptions: { maxParamLength: 2048 },
    genReqId: ({ headers }) => {
      const given = headers['x-call-id'];
      return typeof given === 'string' && CALL_ID.test(given) ? given : randomUUID();
    },
  });
  await allowOrigins(app, options.origins ?? []);
  addEdge(app, options);
  options.routes(app);
  await app.ready();
  const { timeoutMs } = options;
  const server = await openHttpServer(
    { ...options, requestTimeoutMs: timeoutMs, silenceMs: timeoutMs + SILENCE_BEYOND_MS },
    (request, response) => answer?.(request, response),
  );
  return {
    url: server.url,
    async close(drainMs) {
      await server.close(drainMs);
      await app.close();
    },
  };
}

function addEdge(app: FastifyInstance, options: HttpAppOptions): void {
  const { access, logger, metrics, maxBodyBytes, maxHeldBytes } = options;
  const budget = byteBudget(maxHeldBytes);
  const audited: HttpAccess = { logger, ...access };
  app.decorateRequest('caller');
  observeRequests(app, metrics);
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.scope === undefined) throw new Error(`route ${url} says no scope`);
  });
  app.addHook('onRequest', async (request, reply) => {
    const waiting = startWaiting(request, reply, options.timeoutMs);
    // Also what is refused below was sent by somebody who may go away.
    request.caller = { ...waiting, identity: ANONYMOUS, takeImages: () => undefined };
    const { scope = 'open' } = request.routeOptions.config;
    if (scope === 'open') return;
    const identity = await authorizeHttp(audited, request.raw, scope);
    const takeImages = (count: number): void => {
      const giveBack = takeAudited(audited, request, identity, count);
      if (giveBack !== undefined) waiting.atEnd(giveBack);
    };
    request.caller = { ...waiting, identity, takeImages };
  });
  takeBodies(app, maxBodyBytes, budget);
  app.setErrorHandler((error, request, reply) => {
    const failure = httpFailure(asOurs(error, request));
    if (failure.status >= 500 && failure.code === 'INTERNAL')
      logger.error({ err: error, callId: request.id, path: request.url }, 'HTTP request failed');
    const body = request.routeOptions.config.failureBody?.(failure) ?? {
      error: { code: failure.code, message: failure.message },
    };
    void reply.code(failure.status).headers(failure.headers).send(body);
  });
  app.setNotFoundHandler((request) => {
    throw notFound(`${request.method} ${pathOf(request)} is not an address of this service`);
  });
}

function takeAudited(
  { quotas, logger }: HttpAccess,
  request: FastifyRequest,
  identity: Identity,
  count: number,
): (() => void) | undefined {
  try {
    return quotas?.takeImages(identity, count);
  } catch (error) {
    const refusal = { who: identity.name, code: errorCode(error), reason: reasonOf(error) };
    if (logger !== undefined) auditHttpRefusal(logger, `${request.method} ${pathOf(request)}`, refusal);
    throw error;
  }
}

function pathOf({ url }: FastifyRequest): string {
  return (url.split('?')[0] ?? '').slice(0, 200);
}

type Waiting = Pick<HttpCaller, 'signal' | 'deadlineAt' | 'atEnd'>;

function startWaiting(request: FastifyRequest, reply: FastifyReply, mostMs: number): Waiting {
  reply.header('x-request-id', request.id);
  const ends: (() => void)[] = [];
  const gone = new AbortController();
  const limitMs = Math.min(mostMs, readTimeout(request.headers[TIMEOUT_HEADER]));
  const late = setTimeout(() => gone.abort(deadlineExceeded(`no answer within ${limitMs} ms`)), limitMs);
  reply.raw.once('close', () => {
    clearTimeout(late);
    gone.abort();
    for (const end of ends) end();
  });
  return {
    signal: gone.signal,
    deadlineAt: Date.now() + limitMs,
    atEnd: (action) => void ends.push(action),
  };
}

function readTimeout(header: string | string[] | undefined): number {
  if (header === undefined) return Infinity;
  const value = Number(header);
  if (!(value > 0))
    throw invalidArgument(`${TIMEOUT_HEADER} must be a number above 0, got ${String(header).slice(0, 100)}`);
  return value;
}

/** Aborts say why, where it was the deadline; the framework's own errors have a status instead of a code. */
function asOurs(error: unknown, { caller }: FastifyRequest): unknown {
  if (error instanceof CasslError && error.code !== 'CANCELLED') return error;
  // No caller: not even the time it gave could be read.
  const reason: unknown = caller?.signal.aborted ? caller.signal.reason : undefined;
  if (reason instanceof CasslError) return reason;
  const { statusCode, message } = error as { readonly statusCode?: number; readonly message?: string };
  return statusCode !== undefined && statusCode < 500 ? invalidArgument(message ?? 'bad request') : error;
}

function takeBodies(app: FastifyInstance, maxBodyBytes: number, budget: ByteBudget): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, stream: AsyncIterable<Buffer>) =>
    readBody(
      { headers: request.headers, stream },
      { maxBytes: maxBodyBytes, budget, caller: request.caller },
    ),
  );
}
