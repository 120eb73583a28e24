import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { nativeDir, sourcesDigest } from './addon-path.ts';
import { debianLibraries, type Libtorch } from './find-libtorch.ts';

/**
 * Name of an addon among the prebuilt ones of a platform: functions of libtorch differ by its minor version, those of the addon by
 * its sources.
 */
export function prebuiltName({ version, cuda }: Pick<Libtorch, 'version' | 'cuda'>): string {
  const [major, minor] = version.split('.');
  return `torch-${major}.${minor}${cuda ? '-cuda' : ''}-${sourcesDigest()}.node`;
}

/** An addon that somebody compiled before, for the libtorch that this machine has. */
export interface Prebuilt {
  /** The file, where there is one for this version and these sources. */
  readonly path: string | undefined;
  /** Versions of libtorch that there are addons of these sources for; empty where the package is missing or of another version. */
  readonly versions: readonly string[];
  /** The libtorch of the system, "1.13"; its libraries are enough, headers are for compiling. */
  readonly libtorch: string | undefined;
}

/**
 * Looks for an addon of the system's libtorch among those that `make setup` unpacked (`prebuilt/` of this package) and those of the
 * npm package of this platform (`@cassl/engine-torch-linux-x64`).
 * A libtorch of `TORCH_DIR` lies anywhere, and an addon finds its libraries by their place: for it one is compiled.
 */
export function findPrebuilt(
  env: NodeJS.ProcessEnv = process.env,
  folders: readonly string[] = prebuiltFolders(),
): Prebuilt {
  const ending = `-${sourcesDigest()}.node`;
  const paths = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => join(folder, name)),
  );
  const libtorch = env['TORCH_DIR'] ? undefined : systemLibtorch();
  const wanted = libtorch === undefined ? undefined : `torch-${libtorch}${ending}`;
  return {
    path: paths.find((path) => basename(path) === wanted),
    versions: paths.map((path) => basename(path, ending).replace(/^torch-/, '')),
    libtorch,
  };
}

function prebuiltFolders(): string[] {
  return [join(dirname(nativeDir), 'prebuilt'), ...packageFolder()].filter((folder) => existsSync(folder));
}

function packageFolder(): string[] {
  const manifest = `@cassl/engine-torch-${process.platform}-${process.arch}/package.json`;
  try {
    return [join(dirname(createRequire(import.meta.url).resolve(manifest)), 'prebuilt')];
  } catch {
    return [];
  }
}

/** Debian's package of the libraries alone, libtorch1.13, has no plain libtorch_cpu.so and no headers. */
function systemLibtorch(): string | undefined {
  const names = existsSync(debianLibraries) ? readdirSync(debianLibraries) : [];
  const found = names.flatMap((name) => /^libtorch_cpu\.so\.(\d+\.\d+)$/.exec(name)?.[1] ?? []);
  return found.sort().at(-1);
}
