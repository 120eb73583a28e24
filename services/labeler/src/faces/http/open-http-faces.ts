import { openHttpApp, type FastifyInstance, type HttpServer } from '@cassl/http';
import type { InferenceRuntime } from '@cassl/inference';
import type { Logger, RunningServer } from '@cassl/rpc';
import type { LabelerConfig } from '../../config.ts';
import { cvatRoutes } from '../cvat/cvat-routes.ts';
import { detectRoutes } from '../detect/detect-routes.ts';
import { labelStudioRoutes } from '../label-studio/label-studio-routes.ts';
import type { LabelStudioServer } from '../label-studio/read-task-image.ts';
import { openInferenceRoutes } from '../open-inference/rest/open-inference-routes.ts';
import { openRegions, type SharedRegions } from '../open-inference/shared-memory/regions.ts';

export interface HttpFacesOptions {
  readonly inference: InferenceRuntime;
  /** @default none allowed */
  readonly regions?: SharedRegions;
  /** Its tokens, quotas and metrics are this port's too. */
  readonly server: Pick<RunningServer, 'access' | 'metrics'>;
  readonly logger: Logger;
  readonly config: Pick<
    LabelerConfig,
    | 'host'
    | 'httpPort'
    | 'httpTimeoutMs'
    | 'httpBodyMb'
    | 'httpHeldMb'
    | 'httpOrigins'
    | 'pinnedModels'
    | 'labelStudioUrl'
    | 'labelStudioToken'
    | 'tlsCertFile'
    | 'tlsKeyFile'
    | 'tlsClientCaFile'
  >;
}

const MEBIBYTE = 2 ** 20;

/** Everything that the labeler answers over HTTP. */
export function openHttpFaces(options: HttpFacesOptions): Promise<HttpServer> {
  const { server, logger, config } = options;
  return openHttpApp({
    host: config.host,
    port: config.httpPort,
    certFile: config.tlsCertFile,
    keyFile: config.tlsKeyFile,
    clientCaFile: config.tlsClientCaFile,
    timeoutMs: config.httpTimeoutMs,
    maxBodyBytes: config.httpBodyMb * MEBIBYTE,
    maxHeldBytes: config.httpHeldMb * MEBIBYTE,
    origins: config.httpOrigins,
    access: server.access,
    metrics: server.metrics,
    logger,
    routes: (app) => addFaceRoutes(app, options),
  });
}

/** The routes of every face, each with its scope. */
export function addFaceRoutes(
  app: FastifyInstance,
  { inference, regions = openRegions(), server, config }: HttpFacesOptions,
): void {
  const [defaultModel] = config.pinnedModels;
  openInferenceRoutes(app, { inference, regions });
  detectRoutes(app, { inference, defaultModel });
  labelStudioRoutes(app, { inference, defaultModel, server: labelStudioOf(config) });
  cvatRoutes(app, { inference, pinnedModels: config.pinnedModels });
  metricsRoute(app, server.metrics);
}

function labelStudioOf({
  labelStudioUrl: url,
  labelStudioToken: token,
}: HttpFacesOptions['config']): LabelStudioServer | undefined {
  return url === undefined ? undefined : { url, token };
}

/** The same as on the metrics port, for scrapers that know one port only. */
function metricsRoute(app: FastifyInstance, metrics: RunningServer['metrics']): void {
  app.get('/metrics', { config: { scope: 'read' } }, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}
