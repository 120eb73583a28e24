import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '@cassl/errors';
import { descriptorSet } from '@cassl/proto';
import { createServer, type CompatServiceDefinition, type ServiceImplementation } from 'nice-grpc';
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health';
import { errorDetailsServerMiddleware } from 'nice-grpc-error-details';
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection';
import type { Registry } from 'prom-client';
import type { ServiceContext } from './call-context.ts';
import { passDeadline } from './call-deadline.ts';
import { createCallFlows } from './call-flow.ts';
import { createCallGate } from './call-gate.ts';
import { serverOptions } from './channel-options.ts';
import { handleCalls } from './handle-call.ts';
import { createLogger, type Logger } from './logger.ts';
import { openMetricsEndpoint, type MetricsEndpoint } from './metrics-endpoint.ts';
import { RequestBytes } from './request-bytes.ts';
import { serverCredentials, type ServerSecurity } from './security.ts';
import { callMetrics, createMetrics } from './server-metrics.ts';
import { withReadableRequests } from './unreadable-request.ts';
import type { HttpAccess } from './http-access.ts';
import { openAuthorizer } from './identity/authorizer.ts';
import { createQuotas } from './identity/quotas.ts';

/** Served beside every service, so health knows them and reflection lists them. */
const OWN_SERVICES = [HealthDefinition.fullName, 'grpc.reflection.v1alpha.ServerReflection'];
/** All calls are answered: the connections only have to end. */
const CLOSE_MS = 1000;
/** Of the drain time; the rest is for what the service itself has to put away. */
const CALLS_SHARE = 0.8;

/** A generated service definition with the code behind it; made by `implement`. */
export interface ServedService {
  readonly definition: CompatServiceDefinition & { readonly fullName: string };
  readonly implementation: ServiceImplementation<CompatServiceDefinition, ServiceContext>;
}

/** Binds handlers to a generated definition, type-checked. Handlers get `CallContext & ServiceContext`. */
export function implement<Definition extends CompatServiceDefinition & { readonly fullName: string }>(
  definition: Definition,
  implementation: ServiceImplementation<Definition, ServiceContext>,
): ServedService {
  return { definition, implementation: implementation };
}

export interface ServeOptions {
  /** Name in logs and metrics, for example "registry". */
  readonly name: string;
  readonly services: readonly ServedService[];
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: a free one. */
  readonly port?: number | undefined;
  /** HTTP port of `/metrics`, `/healthz`, `/readyz`; 0 takes a free one, `undefined` opens none. */
  readonly metricsPort?: number | undefined;
  /** Health stays NOT_SERVING until this resolves; `serve` waits for it. */
  readonly ready?: (() => Promise<void>) | undefined;
  readonly security?: ServerSecurity | undefined;
  readonly logger?: Logger | undefined;
  /** Holds the service's own metrics; default a new one. */
  readonly metrics?: Registry | undefined;
  /** Default 5 minutes, with no limit for calls that run. */
  readonly maxConnectionAgeMs?: number | undefined;
  /** A connection that was silent for so long is asked whether it lives, and dropped 10 s later. @default 30_000 */
  readonly silenceMs?: number | undefined;
  /** Of the requests of all calls, coming or being answered; beyond it RESOURCE_EXHAUSTED. @default an eighth of the memory, from 256 MiB to 1 GiB */
  readonly maxRequestBytes?: number | undefined;
}

export interface RunningServer {
  /** `host:port` for clients. */
  readonly address: string;
  readonly port: number;
  /** `http://host:port`, when `metricsPort` was given. */
  readonly metricsUrl: string | undefined;
  readonly metrics: Registry;
  /** Who may do what, for HTTP ports of the same service (`authorizeHttp`). */
  readonly access: HttpAccess;
  /** Aborted at the start of `stop`. */
  readonly stopping: AbortSignal;
  setReady(isReady: boolean): void;
  /**
   * Turns readiness off, ends watches, answers UNAVAILABLE to new calls, lets those that were taken finish for four fifths of
   * `drainMs` (default 25,000), cancels the rest, and then ends the connections. Calling it again waits for the same stop.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

/** Starts a gRPC server with health, reflection, metrics, logs and error translation around the given services. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { name, services, host = '127.0.0.1', maxConnectionAgeMs = 300_000, security = {} } = options;
  const logger = options.logger ?? createLogger({ name });
  const metrics = options.metrics ?? createMetrics(name);
  const stopping = new AbortController();
  const names = services.map(({ definition }) => definition.fullName);
  const health = HealthState();
  let isReady = false;
  const setReady = (value: boolean): void => {
    isReady = value;
    for (const service of ['', ...names, ...OWN_SERVICES])
      health.setStatus(value ? 'healthy' : 'unhealthy', service);
  };
  // For probes that restart a process: it answers, whether it takes calls now or not.
  health.setStatus('healthy', 'liveness');
  setReady(false);

  const gate = createCallGate(new RequestBytes(options.maxRequestBytes));
  const flows = createCallFlows();
  const authorizer = await openAuthorizer({ ...security, logger });
  const quotas = createQuotas();
  const access = { authorizer, quotas, logger };
  const server = createServer({
    ...serverOptions(maxConnectionAgeMs, options.silenceMs),
    interceptors: [gate.interceptor, passDeadline, flows.interceptor],
  })
    .use(errorDetailsServerMiddleware)
    .use(
      handleCalls({
        name,
        logger,
        metrics: callMetrics(metrics),
        stopping: stopping.signal,
        gate,
        flows,
        admission: { authorizer, quotas },
      }),
    );
  for (const { definition, implementation } of services) {
    server.add(withReadableRequests(definition), implementation);
  }
  server.add(HealthDefinition, endingHealth(HealthServiceImpl(health), stopping.signal));
  server.add(ServerReflectionService, ServerReflection(descriptorSet(), [...names, ...OWN_SERVICES]));

  const certificates = await serverCredentials(security, logger);
  const port = await server
    .listen(`${host}:${options.port ?? 0}`, certificates.credentials)
    .catch((cause: unknown) => {
      const { message } = cause as Error;
      throw unavailable(`cannot listen on ${host}:${options.port ?? 0}: ${message}`, { cause });
    });
  let endpoint: MetricsEndpoint | undefined;
  const shutDown = async (drainMs: number): Promise<void> => {
    setReady(false);
    stopping.abort();
    const isDone = await gate.close(drainMs * CALLS_SHARE);
    if (!isDone) logger.warn({ drainMs }, 'calls that did not end in time are cancelled');
    await Promise.race([server.shutdown(), sleep(isDone ? CLOSE_MS : 0, undefined, { ref: false })]);
    server.forceShutdown();
    certificates.close();
    authorizer.close();
    await endpoint?.close();
    logger.info('stopped');
  };
  try {
    if (options.metricsPort !== undefined) {
      endpoint = await openMetricsEndpoint({
        host,
        port: options.metricsPort,
        registry: metrics,
        isReady: () => isReady,
        access,
      });
    }
    await options.ready?.();
  } catch (error) {
    await shutDown(0);
    throw error;
  }
  setReady(true);
  const address = `${host}:${port}`;
  logger.info({ address, metricsUrl: endpoint?.url }, 'serving');
  let stopped: Promise<void> | undefined;
  return {
    address,
    port,
    metricsUrl: endpoint?.url,
    metrics,
    access,
    stopping: stopping.signal,
    setReady,
    stop: ({ drainMs = 25_000 } = {}) => (stopped ??= shutDown(drainMs)),
  };
}

/** The library's health watch never ends by itself, which would hold every stop for the whole drain time. */
function endingHealth(
  health: HealthServiceImpl,
  stopping: AbortSignal,
): ServiceImplementation<typeof HealthDefinition, ServiceContext> {
  return {
    check: (request, context) => health.check(request, context),
    watch: (request, context) =>
      health.watch(request, { ...context, signal: AbortSignal.any([context.signal, stopping]) }),
  };
}
