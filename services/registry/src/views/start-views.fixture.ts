import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors, type StateDict } from '@cassl/checkpoints';
import { Manifest, RegistryServiceDefinition } from '@cassl/proto';
import {
  createClient,
  createLogger,
  openAuthorizer,
  publishCheckpointFile,
  serve,
  type RpcClient,
} from '@cassl/rpc';
import { openRegistry, type Registry } from '../registry.ts';
import { registryService } from '../service.ts';
import { openHttp } from './http/open-http.ts';
import { VIEWS } from './views.ts';

/** A registry with its HTTP port, in a folder of its own. */
export interface TestViews {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly folder: string;
  readonly registry: Registry;
  readonly client: RpcClient<RegistryServiceDefinition>;
  /** Publishes tensors and points aliases to them; gives the sha256 and the bytes. */
  publish(
    state: StateDict,
    options?: { readonly manifest?: Partial<Manifest>; readonly aliases?: readonly string[] },
  ): Promise<{ readonly digest: string; readonly bytes: Uint8Array }>;
  get(path: string, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export async function startViews(
  options: {
    readonly token?: string;
    readonly tokens?: readonly object[];
    readonly blobsUri?: string;
    readonly databaseUrl?: string;
    readonly redirects?: boolean;
  } = {},
): Promise<TestViews> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-views-'));
  const logger = createLogger({ name: 'registry', level: 'silent' });
  const { blobsUri, databaseUrl } = options;
  const registry = await openRegistry({ dataDir: join(folder, 'data'), blobsUri, databaseUrl, logger });
  const server = await serve({ name: 'registry', services: [registryService(registry)], logger });
  const client = createClient(RegistryServiceDefinition, server.address, { security: {} });
  const tokensFile = options.tokens && join(folder, 'tokens.json');
  if (tokensFile !== undefined) await writeFile(tokensFile, JSON.stringify({ tokens: options.tokens }));
  const authorizer = await openAuthorizer({ token: options.token, tokensFile });
  const http = await openHttp({
    registry,
    logger,
    views: VIEWS,
    authorizer,
    redirects: options.redirects ?? true,
    host: '127.0.0.1',
    port: 0,
  });
  registry.uploadPort = Number(new URL(http.url).port);
  return {
    url: http.url,
    folder,
    registry,
    client,
    async publish(state, { manifest = {}, aliases = [] } = {}) {
      const bytes = encodeSafetensors(state, { format: 'pt' });
      const digest = createHash('sha256').update(bytes).digest('hex');
      const path = join(folder, `${digest}.safetensors`);
      await writeFile(path, bytes);
      await publishCheckpointFile({ client, file: path, manifest: Manifest.fromPartial(manifest) });
      for (const alias of aliases) await client.setAlias({ alias, reference: digest, reason: 'for a test' });
      return { digest, bytes };
    },
    get: (path, init) => fetch(http.url + path, { redirect: 'manual', ...init }),
    async stop() {
      await http.close(1_000);
      authorizer.close();
      client.close();
      await server.stop({ drainMs: 1_000 });
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
