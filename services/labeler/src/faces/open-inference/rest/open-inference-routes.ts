import { unavailable, unimplemented } from '@cassl/errors';
import type { FastifyInstance } from '@cassl/http';
import { describeServer } from '../describe-model.ts';
import { modelRoutes, type RestFace } from './model-routes.ts';
import { repositoryRoutes } from './repository-routes.ts';
import { toAll, asInfer } from './rest-caller.ts';
import { settingsRoutes } from './settings-routes.ts';
import { sharedMemoryRoutes } from './shared-memory-routes.ts';

/** The Open Inference Protocol over HTTP, with Triton's extensions. */
export function openInferenceRoutes(app: FastifyInstance, face: RestFace): void {
  const { inference, regions } = face;
  // Triton's clients look at the status, KServe's at the body.
  app.get('/v2/health/live', toAll, () => Promise.resolve({ live: true }));
  app.get('/v2/health/ready', toAll, () => {
    if (!inference.isReady()) throw unavailable('not every pinned model is warm');
    return Promise.resolve({ ready: true });
  });
  app.get('/v2', asInfer, () => Promise.resolve(describeServer(regions)));
  modelRoutes(app, face);
  repositoryRoutes(app, inference);
  settingsRoutes(app);
  sharedMemoryRoutes(app, regions);
  app.all('/v2/*', asInfer, (request) => {
    throw unimplemented(`${request.method} ${request.url.slice(0, 200)} is not served here`);
  });
}
