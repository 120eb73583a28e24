import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { errorMessage, failedPrecondition, internal } from '@cassl/errors';
import { addonPath, nativeDir } from './addon-path.ts';
import { findLibtorch, type Libtorch } from './find-libtorch.ts';
import { findPrebuilt } from './find-prebuilt.ts';
import { copyWhole, keptPath } from './kept-addon.ts';
import { openAddon, type NativeAddon } from './native-addon.ts';

/**
 * Compiles the addon against the libtorch found, unless that was done before, here or in another clone of this user: the cache
 * key is libtorch, the headers it found, Node's ABI and the sources. Returns the addon's path. Nothing is downloaded: Node's headers are those of the
 * running Node. Where collectives do not compile or load, says so on stderr and builds without them.
 */
export function buildAddon(libtorch: Libtorch = findLibtorch()): string {
  const built = addonPath(libtorch);
  if (existsSync(built) || takeKept(built)) return built;
  try {
    buildInto(built, libtorch);
    copyWhole(built, keptPath(built));
  } catch (error) {
    if (!libtorch.gloo) throw error;
    process.stderr.write(
      `engine-torch: building without collectives, which this libtorch has not or has differently: ${errorMessage(error)}\n`,
    );
    buildInto(built, { ...libtorch, gloo: false, nccl: false });
  }
  return built;
}

/** What another clone of this user has compiled from the same sources, where it still loads. */
function takeKept(built: string): boolean {
  if (!copyWhole(keptPath(built), built)) return false;
  try {
    checkSymbols(built);
    return true;
  } catch {
    rmSync(built, { force: true });
    return false;
  }
}

function buildInto(built: string, libtorch: Libtorch): void {
  const work = `${dirname(built)}.${process.pid}`;
  try {
    cpSync(nativeDir, work, { recursive: true });
    writeFileSync(join(work, 'torch.gypi'), JSON.stringify({ variables: variables(libtorch) }));
    compile(work);
    const addon = join(work, 'build/Release/cassl_torch.node');
    checkSymbols(addon);
    mkdirSync(dirname(built), { recursive: true });
    renameSync(addon, built);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function variables(libtorch: Libtorch): Record<string, string | string[]> {
  return {
    torch_sources: readdirSync(nativeDir).filter((name) => name.endsWith('.cc')),
    torch_include_dirs: ['gloo-names', ...libtorch.includeDirs],
    torch_defines: [
      `_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi}`,
      ...(libtorch.cudaHeaders ? ['CASSL_WITH_CUDA_HEADERS'] : []),
      ...(libtorch.gloo ? ['CASSL_WITH_GLOO', 'USE_C10D_GLOO'] : []),
      ...(libtorch.nccl ? ['CASSL_WITH_NCCL', 'USE_C10D_NCCL'] : []),
    ],
    torch_cxx_standard: libtorch.cxxStandard,
    torch_lib_dir: libtorch.libDir,
    torch_libraries: [...libtorch.libraries],
  };
}

// A function that libtorch lacks would otherwise end the process at its first call.
function checkSymbols(addon: string): void {
  const { status, stderr } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(addon)})`], {
    encoding: 'utf8',
    env: { ...process.env, LD_BIND_NOW: '1' },
  });
  if (status !== 0) throw internal(`the addon does not load: ${stderr.slice(-2000)}`);
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

// A build that had to leave collectives out says so here too.
function describe({ version, cuda, nccl }: Libtorch, { operations }: NativeAddon): string {
  const collectives = `collectives over Gloo${nccl ? ' and NCCL' : ''}`;
  const built = operations['openGroup'] === undefined ? 'no collectives' : collectives;
  return `libtorch ${version}${cuda ? ' with CUDA' : ''}, ${built}`;
}

/** What `--prebuilt` does: nothing is compiled, an addon of these sources and the system's libtorch is there or it ends with 1. */
function tryPrebuilt(): void {
  const { path, versions, libtorch } = findPrebuilt();
  if (path === undefined) {
    const among =
      versions.length > 0 ? `those there are for ${versions.join(', ')}` : 'there is none of these sources';
    throw failedPrecondition(`no prebuilt addon for libtorch ${libtorch ?? '(none)'}: ${among}`);
  }
  openAddon(path);
  process.stdout.write(`engine-torch: prebuilt for libtorch ${libtorch ?? ''}: ${path}\n`);
}

function build(): void {
  const libtorch = findLibtorch();
  const started = Date.now();
  const path = buildAddon(libtorch);
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`engine-torch: ${describe(libtorch, openAddon(path))}, ${seconds} s: ${path}\n`);
  for (const sentence of libtorch.missing) process.stdout.write(`engine-torch: ${sentence}\n`);
}

if (import.meta.main) {
  try {
    if (process.argv.includes('--prebuilt')) tryPrebuilt();
    else build();
  } catch (error) {
    process.stderr.write(`engine-torch: ${errorMessage(error)}\n`);
    process.exitCode = 1;
  }
}
