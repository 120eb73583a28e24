import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { RegistryServiceDefinition } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from './index.ts';
import { serveEverything, type TestServer } from './identity/test-server.ts';

const run = promisify(execFile);
const hasOpenssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
);

describe.skipIf(!hasOpenssl)('a certificate (needs openssl)', () => {
  let folder = '';
  let server: TestServer;
  const path = (name: string): string => join(folder, name);

  /** A pair of its own, named by its serial number. */
  const make = async (name: string): Promise<void> => {
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const subject = ['-days', '1', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    await run('openssl', [
      ...request,
      ...subject,
      '-keyout',
      path(`${name}.key`),
      '-out',
      path(`${name}.pem`),
    ]);
  };
  const use = async (certificate: string, key: string): Promise<void> => {
    for (const [from, to] of [
      [`${key}.key`, 'key.pem'],
      [`${certificate}.pem`, 'cert.pem'],
    ] as const) {
      await copyFile(path(from), path('next'));
      await rename(path('next'), path(to));
    }
  };
  const served = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const port = Number(server.address.split(':')[1]);
      const socket = connect(
        { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] },
        () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  const until = async (wanted: string): Promise<string> => {
    for (let look = 0; look < 60; look++) {
      if ((await served()) === wanted) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return served();
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-certificates-'));
    await make('first');
    await make('second');
    await use('first', 'first');
    server = await serveEverything({
      security: { certFile: path('cert.pem'), keyFile: path('key.pem'), reloadMs: 50 },
    });
  });
  afterAll(async () => {
    await server.stop({ drainMs: 0 });
    await rm(folder, { recursive: true });
  });

  it('swapped under load loses no call; a half or broken pair keeps the last good one', async () => {
    expect(await until('first')).toBe('first');
    await writeFile(path('both.pem'), '');
    await run('sh', ['-c', `cat '${path('first.pem')}' '${path('second.pem')}' > '${path('both.pem')}'`]);
    const swap = { isOver: false };
    const load = async (): Promise<number> => {
      let calls = 0;
      while (!swap.isOver) {
        const client = createClient(RegistryServiceDefinition, server.address, {
          security: { caFile: path('both.pem') },
        });
        for (let call = 0; call < 5; call++, calls++) await client.getAlias({ alias: 'x' });
        client.close();
      }
      return calls;
    };
    const loads = Promise.all([load(), load()]);

    await use('first', 'second');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await served()).toBe('first');
    await use('second', 'second');
    expect(await until('second')).toBe('second');
    await writeFile(path('cert.pem'), '-----BEGIN CERTIFICATE-----\nhalf');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await served()).toBe('second');
    swap.isOver = true;
    const [one, two] = await loads;
    expect(one + two).toBeGreaterThan(0);
    expect(server.lines.join('')).toContain('the last good one stays');
  }, 60_000);
});
