import { openHttpApp, type HttpServer } from '@cassl/http';
import type { InferenceRuntime } from '@cassl/inference';
import type { Logger, RunningServer } from '@cassl/rpc';
import type { LabelerConfig } from '../../config.ts';
import { openInferenceRoutes } from '../open-inference/rest/open-inference-routes.ts';

export interface HttpFacesOptions {
  readonly inference: InferenceRuntime;
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
    | 'tlsCertFile'
    | 'tlsKeyFile'
    | 'tlsClientCaFile'
  >;
}

const MEBIBYTE = 2 ** 20;

/** Everything that the labeler answers over HTTP. */
export function openHttpFaces({ inference, server, logger, config }: HttpFacesOptions): Promise<HttpServer> {
  return openHttpApp({
    host: config.host,
    port: config.httpPort,
    certFile: config.tlsCertFile,
    keyFile: config.tlsKeyFile,
    clientCaFile: config.tlsClientCaFile,
    timeoutMs: config.httpTimeoutMs,
    maxBodyBytes: config.httpBodyMb * MEBIBYTE,
    maxHeldBytes: config.httpHeldMb * MEBIBYTE,
    access: server.access,
    metrics: server.metrics,
    logger,
    routes: (app) => {
      openInferenceRoutes(app, inference);
    },
  });
}
