import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { errorMessage, internal } from '@cassl/errors';
import { addonPath, buildDir, nativeDir } from './addon-path.ts';
import { findLibtorch, type Libtorch } from './find-libtorch.ts';

/**
 * Compiles the addon against the libtorch found, unless that was done before: the cache key is libtorch, Node's ABI
 * and the sources. Returns the addon's path. Nothing is downloaded: Node's headers are those of the running Node.
 */
export function buildAddon(libtorch: Libtorch = findLibtorch()): string {
  const built = addonPath(libtorch);
  if (existsSync(built)) return built;
  const work = `${buildDir(libtorch)}.${process.pid}`;
  try {
    cpSync(nativeDir, work, { recursive: true });
    writeFileSync(join(work, 'torch.gypi'), JSON.stringify({ variables: variables(libtorch) }));
    compile(work);
    mkdirSync(dirname(built), { recursive: true });
    renameSync(join(work, 'build/Release/cassl_torch.node'), built);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return built;
}

function variables(libtorch: Libtorch): Record<string, string | string[]> {
  return {
    torch_sources: readdirSync(nativeDir).filter((name) => name.endsWith('.cc')),
    torch_include_dirs: [...libtorch.includeDirs],
    torch_defines: [
      `_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi}`,
      ...(libtorch.gloo ? ['CASSL_WITH_GLOO', 'USE_C10D_GLOO'] : []),
    ],
    torch_cxx_standard: libtorch.cxxStandard,
    torch_lib_dir: libtorch.libDir,
    torch_libraries: [...libtorch.libraries],
  };
}

function compile(directory: string): void {
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [nodeGyp, 'rebuild', '--silent', `--jobs=${availableParallelism()}`, ...headers],
    { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (status !== 0) {
    throw internal(`node-gyp failed with ${status}:\n${`${stdout}\n${stderr}`.slice(-8000)}`);
  }
}

if (import.meta.main) {
  try {
    const libtorch = findLibtorch();
    const started = Date.now();
    const path = buildAddon(libtorch);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    process.stdout.write(
      `engine-torch: libtorch ${libtorch.version}${libtorch.cuda ? ' with CUDA' : ''}, ${libtorch.gloo ? 'with' : 'without'} collectives, ${seconds} s: ${path}\n`,
    );
  } catch (error) {
    process.stderr.write(`engine-torch: ${errorMessage(error)}\n`);
    process.exitCode = 1;
  }
}
