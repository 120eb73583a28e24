import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RegistryServiceDefinition, type RegistryServiceImplementation } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createClient,
  createLogger,
  implement,
  serve,
  type RunningServer,
  type ServiceContext,
} from './index.ts';

const run = promisify(execFile);
const hasOpenssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
);

describe.skipIf(!hasOpenssl)('TLS', () => {
  let folder: string;
  let server: RunningServer;
  const path = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-tls-'));
    await run('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
      ],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', path('key.pem'), '-out', path('cert.pem')],
    ]);
    const handlers = { getAlias: () => Promise.resolve({ digest: 'safe' }) };
    const refuse = (): never => {
      throw new Error('not in this test');
    };
    const all = Object.fromEntries(
      Object.keys(RegistryServiceDefinition.methods).map((key) => [key, refuse]),
    );
    server = await serve({
      name: 'test',
      services: [
        implement(RegistryServiceDefinition, {
          ...all,
          ...handlers,
        } as unknown as RegistryServiceImplementation<ServiceContext>),
      ],
      logger: createLogger({ name: 'test', level: 'silent' }),
      security: {
        certFile: path('cert.pem'),
        keyFile: path('key.pem'),
        clientCaFile: path('cert.pem'),
        token: 'secret',
      },
    });
  });
  afterAll(async () => {
    await server.stop({ drainMs: 0 });
    await rm(folder, { recursive: true, force: true });
  });

  it('serves a client that trusts it, shows its certificate and carries the token', async () => {
    const security = {
      caFile: path('cert.pem'),
      certFile: path('cert.pem'),
      keyFile: path('key.pem'),
      token: 'secret',
    };
    const client = createClient(RegistryServiceDefinition, server.address, { security });
    await expect(client.getAlias({ alias: 'x' })).resolves.toMatchObject({ digest: 'safe' });
    client.close();
  });

  it('refuses one without TLS', async () => {
    const client = createClient(RegistryServiceDefinition, server.address, { security: {} });
    await expect(client.getAlias({ alias: 'x' }, { deadlineMs: 1_500 })).rejects.toMatchObject({
      name: 'CasslError',
    });
    client.close();
  });

  it('wants certificate and key together', async () => {
    const half = serve({ name: 'x', services: [], security: { certFile: path('cert.pem') } });
    await expect(half).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
