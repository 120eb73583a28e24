import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

  const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
  it.skipIf(!hasCompose)('is what docker compose takes (skipped without docker compose)', () => {
    const files = ['-f', 'compose.yaml', '-f', 'compose.gpu.yaml'];
    const { status, stderr } = spawnSync('docker', ['compose', ...files, 'config', '--quiet'], { cwd: ROOT });
    expect(status, stderr.toString()).toBe(0);
  });
});
