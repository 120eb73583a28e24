import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BROKER_USERS, findNatsServers, passwordVariable } from '@cassl/events';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PROGRAMS } from '../../image/programs.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}
const compose = parse(text('compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, ComposeService>>;
};
const ours = Object.entries(compose.services).filter(([name]) => name !== 'nats');
/** The README whose table of settings a service reads. */
const readmeOf = (name: string): string =>
  text(`services/${name === 'label-worker' || name === 'cli' ? 'labeler' : name}/README.md`);
/** Read by every process that opens a client. */
const ADDRESSES = /^CASSL_(REGISTRY|TRAINER|LABELER|EVALUATOR)_ADDRESS$/;

describe('compose.yaml', () => {
  it('runs every service of the image, and the command line', () => {
    expect(ours.map(([name]) => name).sort()).toEqual([
      'cli',
      'console',
      'evaluator',
      'label-worker',
      'labeler',
      'registry',
      'trainer',
    ]);
    for (const [name, { command }] of ours) {
      if (name !== 'cli') expect(command).toEqual([name]);
      expect(Object.keys(PROGRAMS)).toContain(name);
    }
  });

  it.each(ours)('%s is told settings that it has, and no other', (name, { environment = {} }) => {
    const unknown = Object.keys(environment).filter(
      (variable) => !ADDRESSES.test(variable) && !readmeOf(name).includes(`\`${variable}\``),
    );
    expect(unknown).toEqual([]);
  });

  it.each(ours)(
    '%s has a read-only root, no capability, and ports of this machine alone',
    (_name, service) => {
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
      expect(service.image).toContain(
        `cassl:${(JSON.parse(text('package.json')) as { version: string }).version}`,
      );
    },
  );

  it('gives each service its own NATS user by compose.secure.yaml, with a file that nats-server takes', async () => {
    const secure = parse(text('compose.secure.yaml')) as {
      readonly services: Readonly<Record<string, { readonly environment: Record<string, string> }>>;
      readonly configs: Readonly<Record<string, { readonly content?: string; readonly file?: string }>>;
    };
    for (const user of BROKER_USERS) {
      const password = `\${${passwordVariable(user)}:?}`;
      expect(secure.services[user]?.environment).toEqual({
        CASSL_NATS_USER: user,
        CASSL_NATS_PASSWORD: password,
      });
      expect(secure.services['nats']?.environment).toMatchObject({ [passwordVariable(user)]: password });
    }
    const { 'nats-secure': server, 'nats-users': users } = secure.configs;
    const folder = await mkdtemp(join(tmpdir(), 'cassl-compose-'));
    // Debian's nats-server is older than this setting.
    await writeFile(join(folder, 'nats.conf'), server!.content!.replace(', sync_interval: always', ''));
    await copyFile(join(ROOT, users!.file!), join(folder, 'nats-users.conf'));
    const passwords = Object.fromEntries(BROKER_USERS.map((user) => [passwordVariable(user), `p-${user}`]));
    for (const program of findNatsServers()) {
      const flags = ['-c', join(folder, 'nats.conf'), '-t'];
      const { stderr } = spawnSync(program, flags, { env: passwords, encoding: 'utf8' });
      expect(stderr).toMatch(/configuration file .* is valid/);
    }
    await rm(folder, { recursive: true });
  });

  const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
  it.skipIf(!hasCompose)('is what docker compose takes (skipped without docker compose)', () => {
    const files = ['-f', 'compose.yaml', '-f', 'compose.gpu.yaml', '-f', 'compose.secure.yaml'];
    const { status, stderr } = spawnSync('docker', ['compose', ...files, 'config', '--quiet'], {
      cwd: ROOT,
      env: {
        ...process.env,
        ...Object.fromEntries(BROKER_USERS.map((user) => [passwordVariable(user), 'p'])),
      },
    });
    expect(status, stderr.toString()).toBe(0);
  });
});
