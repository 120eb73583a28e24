import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stageCommand } from './stage-packages.ts';
import { ROOT } from './workspaces.ts';

/** In the repository, so that packages of the npm registry are found; `make test-install` installs them. */
let folder = '';
let staged = '';
beforeAll(() => {
  mkdirSync(join(ROOT, 'out'), { recursive: true });
  folder = mkdtempSync(join(ROOT, 'out/pack-test-'));
  staged = stageCommand(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed command', () => {
  it('starts from JavaScript alone, with all its verbs', () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [join(staged, 'libs/cli/bin/cassl.js'), '--help'],
      {
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    for (const verb of ['up', 'run', 'init', 'jobs', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
  }, 60_000);

  it('bundles the page of the console from what it holds', () => {
    // What npm keeps beside the console, because the root has another version of it, is in the root of an installed package.
    const own = join(ROOT, 'services/console/node_modules');
    if (existsSync(own)) symlinkSync(own, join(staged, 'services/console/node_modules'));
    const bundler = join(staged, 'services/console/src/assets/bundle-web.js');
    const code = `const { bundleWeb } = await import(process.argv[1]); console.log([...(await bundleWeb()).assets.keys()].join(' '))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code, bundler], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/\/assets\/app-[0-9a-f]+\.js/);
  }, 60_000);

  it('holds nothing that only tests use', () => {
    const names = readdirSync(staged, { recursive: true, encoding: 'utf8' });
    expect(names.length).toBeGreaterThan(1000);
    expect(names.filter((name) => /\.(test|fixture|interop)\./.test(name))).toEqual([]);
  });

  it('holds every service beside the command, and every lib as a bundled dependency', () => {
    const manifest = JSON.parse(readFileSync(join(staged, 'package.json'), 'utf8')) as {
      bundleDependencies: string[];
      dependencies: Record<string, string>;
    };
    expect(existsSync(join(staged, 'services/trainer/src/main.js'))).toBe(true);
    expect(manifest.bundleDependencies).toContain('@cassl/rpc');
    expect(manifest.dependencies['@grpc/grpc-js'] ?? manifest.dependencies['nice-grpc']).toBeDefined();
    const rpc = join(staged, 'node_modules/@cassl/rpc');
    expect(JSON.parse(readFileSync(join(rpc, 'package.json'), 'utf8'))).toMatchObject({
      exports: { '.': { types: './src/index.d.ts', default: './src/index.js' } },
    });
    expect(readFileSync(join(rpc, 'src/index.js'), 'utf8')).not.toContain(".ts'");
  });

  it('lists what its libs need itself: of bundled packages npm would expect that in the bundle, and leave it out', () => {
    const libs = readdirSync(join(staged, 'node_modules/@cassl'));
    for (const lib of libs) expect(manifestOf(`node_modules/@cassl/${lib}`).dependencies, lib).toEqual({});
    const { dependencies, optionalDependencies } = manifestOf('.');
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(['sharp', 'commander', 'preact']));
    // Where it cannot load what it loads at its installation, the rest is installed nevertheless.
    expect(Object.keys(optionalDependencies)).toContain('onnxruntime-node');
    expect(dependencies).not.toHaveProperty('onnxruntime-node');
  });
});

function manifestOf(folder: string): Record<'dependencies' | 'optionalDependencies', Record<string, string>> {
  return JSON.parse(readFileSync(join(staged, folder, 'package.json'), 'utf8')) as ReturnType<
    typeof manifestOf
  >;
}
