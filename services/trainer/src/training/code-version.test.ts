import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { codeVersion } from './code-version.ts';

const folder = mkdtempSync(join(tmpdir(), 'cassl-version-'));
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = join(import.meta.dirname, '../../package.json');
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };

describe('the version that a checkpoint names', () => {
  it('is the release and the commit that the image was built from', () => {
    vi.stubEnv('CASSL_COMMIT', '1a2b3c4');
    expect(codeVersion()).toBe(`${version}+1a2b3c4`);
  });

  it('is the release and, where git knows it, the commit', () => {
    vi.stubEnv('CASSL_COMMIT', '');
    expect(codeVersion()).toMatch(new RegExp(`^${version.replaceAll('.', '\\.')}(\\+[0-9a-f]{7,})?$`));
  });

  it('is the release alone where it is installed into another repository', () => {
    const home = join(folder, 'installed/trainer/src/training');
    mkdirSync(home, { recursive: true });
    cpSync(join(import.meta.dirname, 'code-version.ts'), join(home, 'code-version.ts'));
    cpSync(manifest, join(folder, 'installed/trainer/package.json'));
    writeFileSync(join(folder, '.gitignore'), 'installed\n');
    const git = (...args: string[]): void => void execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
    git('init');
    git('add', '.gitignore');
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-m', 'theirs');
    const url = pathToFileURL(join(home, 'code-version.ts')).href;
    const program = `const { codeVersion } = await import(${JSON.stringify(url)}); console.log(codeVersion())`;
    const run = (): string =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], {
        env: { ...process.env, CASSL_COMMIT: '' },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
    expect(run()).toBe(version);
  });
});
