import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

export const TIMEOUT_HEADER = 'x-cassl-timeout-ms';

/** What our browser client, tracing and the Open Inference Protocol send. */
const REQUEST_HEADERS = [
  ...['authorization', 'content-type', 'x-call-id', TIMEOUT_HEADER, 'x-cassl-canary'],
  ...['traceparent', 'tracestate', 'inference-header-content-length'],
];
const ANSWER_HEADERS = ['x-request-id', 'retry-after', 'www-authenticate', 'inference-header-content-length'];
const KEPT_SECONDS = 600;

/**
 * Lets pages of other origins call (CORS). Their preflights carry no token and are answered before anything else looks at them; the
 * call itself needs its token all the same, and cookies are never taken.
 */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: ANSWER_HEADERS,
    maxAge: KEPT_SECONDS,
  });
}
