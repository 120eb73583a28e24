import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, unavailable } from '@cassl/errors';
import { openReloadingCertificates, type Logger } from '@cassl/rpc';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM files, read again when they change; both or none. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** PEM certificates; clients must show one signed by them. */
  readonly clientCaFile?: string | undefined;
  /** Milliseconds in which a request must have come whole; 0 sets no limit. @default 300_000 */
  readonly requestTimeoutMs?: number;
  /** Milliseconds in which a connection may be silent, its reader included, before it is cut. @default 120_000 */
  readonly silenceMs?: number;
  readonly logger?: Logger | undefined;
}

export interface HttpServer {
  /** `http://host:port` */
  readonly url: string;
  /** Takes no new requests, lets running ones end for up to `drainMs`, then cuts them. */
  close(drainMs: number): Promise<void>;
}

const HEAD_MS = 20_000;
const LIMITS: ServerOptions = { maxHeaderSize: 16_384, keepAliveTimeout: 65_000 };

/** Serves HTTP/1.1, with TLS where there is a certificate. @throws UNAVAILABLE where the port cannot be had */
export async function openHttpServer(
  { requestTimeoutMs: requestTimeout = 300_000, ...options }: HttpServerOptions,
  onRequest: RequestListener,
): Promise<HttpServer> {
  // Node refuses to wait longer for a head than for all.
  const headersTimeout = Math.min(HEAD_MS, requestTimeout);
  const limits = { ...LIMITS, headersTimeout, requestTimeout };
  const tls = await openTls(options, limits, onRequest);
  const server = tls?.server ?? createServer(limits, onRequest);
  const { host, port, silenceMs = 120_000 } = options;
  server.setTimeout(silenceMs);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    tls?.close();
    throw unavailable(`cannot listen on ${host}:${port} for HTTP: ${errorMessage(cause)}`, { cause });
  }
  let closed: Promise<void> | undefined;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${(server.address() as AddressInfo).port}`,
    close: (drainMs) =>
      (closed ??= closeServer(server, drainMs).finally(() => {
        tls?.close();
      })),
  };
}

async function closeServer(server: Server, drainMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await Promise.race([closed, sleep(drainMs, undefined, { ref: false })]);
  server.closeAllConnections();
  await closed;
}

async function openTls(
  { certFile, keyFile, clientCaFile: caFile, logger }: Omit<HttpServerOptions, 'requestTimeoutMs'>,
  limits: ServerOptions,
  onRequest: RequestListener,
): Promise<{ readonly server: Server; close(): void } | undefined> {
  if (certFile === undefined || keyFile === undefined) return undefined;
  const certificates = await openReloadingCertificates({ certFile, keyFile, caFile }, { logger });
  const first = certificates.current();
  const server = createTlsServer({ ...limits, ...first, requestCert: caFile !== undefined }, onRequest);
  certificates.onChange((now) => server.setSecureContext(now));
  return { server, close: () => certificates.close() };
}
