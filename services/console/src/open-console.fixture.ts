import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, openAuthorizer, type ServedService, type ServerSecurity } from '@cassl/rpc';
import { createApp, type AppOptions } from './app.ts';
import { bundleWeb, type WebBundle } from './assets/bundle-web.ts';
import { listen } from './http/listen.ts';
import { createDetectionSets } from './label-sets/detection-sets.ts';
import { createImageSets } from './label-sets/image-sets.ts';
import { openPlatform } from './platform.ts';
import { servePlatform } from './scripted-platform.fixture.ts';
import { createThumbnails } from './thumbnails/thumbnails.ts';

export interface OpenConsole {
  readonly url: string;
  readonly home: string;
  /** Verb and path of each route. */
  readonly routes: readonly string[];
  close(): Promise<void>;
}

/** The page is the same for every console of a test file. */
let bundled: Promise<WebBundle> | undefined;

/** The console, whole, before services that a test scripts. */
export async function openConsole(
  services: readonly ServedService[],
  security: ServerSecurity = {},
  accounts?: AppOptions['accounts'],
): Promise<OpenConsole> {
  const home = await mkdtemp(join(tmpdir(), 'cassl-console-'));
  const server = await servePlatform(services, security);
  const platform = openPlatform({
    registryAddress: server.address,
    trainerAddress: server.address,
    labelerAddress: server.address,
    evaluatorAddress: server.address,
  });
  const authorizer = await openAuthorizer(security);
  const stopping = new AbortController();
  const detections = join(home, 'detections');
  const app = createApp({
    platform,
    imageSets: createImageSets(detections),
    detectionSets: createDetectionSets(detections),
    thumbnails: createThumbnails(join(home, 'thumbnails'), 1e7),
    registryHttpUrl: 'http://registry.example:7180',
    logsDir: join(home, 'logs'),
    experimentsDir: join(home, 'experiments'),
    stopping: stopping.signal,
    web: await (bundled ??= bundleWeb()),
    access: { authorizer },
    accounts,
    logger: createLogger({ name: 'console', level: 'silent' }),
    host: '127.0.0.1',
  });
  const http = await listen({ fetch: app.fetch, host: '127.0.0.1', port: 0 });
  return {
    url: http.url,
    home,
    routes: app.routes.map(({ method, path }) => `${method} ${path}`),
    async close() {
      stopping.abort();
      await http.close(1000);
      authorizer.close();
      platform.close();
      await server.stop({ drainMs: 500 });
      await rm(home, { recursive: true, force: true });
    },
  };
}
