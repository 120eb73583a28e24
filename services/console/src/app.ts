import { notFound } from '@cassl/errors';
import { httpFailure, type HttpAccess, type Logger } from '@cassl/rpc';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { assetRoutes } from './assets/asset-routes.ts';
import type { WebBundle } from './assets/bundle-web.ts';
import { refuseForeignChanges, refuseForeignHosts } from './http/guard-requests.ts';
import { oidcRoutes } from './http/oidc-routes.ts';
import type { OidcSignIn } from './http/oidc-sign-in.ts';
import { securityHeaders } from './http/security-headers.ts';
import { identifyCallers, sessionRoutes, type ConsoleEnv } from './http/session.ts';
import { experimentRoutes } from './pages/experiments.ts';
import { labelingRoutes } from './pages/labelings.ts';
import { evaluationRoutes } from './pages/evaluations.ts';
import { labelSetRoutes } from './pages/label-sets.ts';
import { logRoutes } from './pages/log-lines.ts';
import { pipelineRoutes } from './pages/pipelines.ts';
import { registryRoutes } from './pages/registry.ts';
import { trainingRoutes } from './pages/trainings.ts';
import { tryRoutes } from './pages/try-it.ts';
import type { PageParts } from './page-parts.ts';

export interface AppOptions extends PageParts {
  readonly web: WebBundle;
  readonly access: HttpAccess;
  /** Accounts that people may sign in with, besides tokens. */
  readonly accounts?: { readonly issuer: string; readonly signIn: OidcSignIn } | undefined;
  readonly logger: Logger;
  /** Address that the console listens on. */
  readonly host: string;
}

/** The console's HTTP side: `/api` for the page's script, the page itself everywhere else. */
export function createApp({ web, access, accounts, logger, host, ...parts }: AppOptions): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>();
  app.use(securityHeaders, refuseForeignHosts(host), refuseForeignChanges);
  app.onError((error, context) => {
    const { status, code, message, headers } = httpFailure(error);
    if (status >= 500) logger.error({ err: error, path: context.req.path }, 'request failed');
    // Browsers would ask for a password in a window of their own.
    const { 'www-authenticate': _, ...shown } = headers;
    return context.json({ error: { code, message } }, status as ContentfulStatusCode, shown);
  });
  app.route('/api/session/oidc', oidcRoutes(access, accounts?.signIn));
  app.route('/api/session', sessionRoutes(access, accounts?.issuer));
  app.use('/api/*', identifyCallers({ logger, ...access }));
  app.route('/api/pipelines', pipelineRoutes(parts));
  app.route('/api/experiments', experimentRoutes(parts));
  app.route('/api/trainings', trainingRoutes(parts));
  app.route('/api/labelings', labelingRoutes(parts));
  app.route('/api/evaluations', evaluationRoutes(parts));
  app.route('/api/label-sets', labelSetRoutes(parts));
  app.route('/api/registry', registryRoutes(parts));
  app.route('/api/try', tryRoutes(parts));
  app.route('/api/logs', logRoutes(parts));
  app.all('/api/*', ({ req }) => {
    throw notFound(`there is no ${req.method} ${req.path}`);
  });
  app.route('/', assetRoutes(web));
  return app;
}
