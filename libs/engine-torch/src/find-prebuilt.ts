import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { debianLibraries, type Libtorch } from './find-libtorch.ts';

/** Name of an addon among the prebuilt ones of a platform: functions of libtorch differ by its minor version. */
export function prebuiltName({ version, cuda }: Pick<Libtorch, 'version' | 'cuda'>): string {
  const [major, minor] = version.split('.');
  return `torch-${major}.${minor}${cuda ? '-cuda' : ''}.node`;
}

/** An addon that somebody compiled before, for the libtorch that this machine has. */
export interface Prebuilt {
  /** The file, where there is one for this version. */
  readonly path: string | undefined;
  /** Versions of libtorch that the package has addons for; empty where the package is missing. */
  readonly versions: readonly string[];
  /** The libtorch of the system, "1.13"; its libraries are enough, headers are for compiling. */
  readonly libtorch: string | undefined;
}

/**
 * Looks into the npm package of prebuilt addons of this platform (`@cassl/engine-torch-linux-x64`) for the system's libtorch.
 * A libtorch of `TORCH_DIR` lies anywhere, and an addon finds its libraries by their place: for it one is compiled.
 */
export function findPrebuilt(env: NodeJS.ProcessEnv = process.env): Prebuilt {
  const folder = prebuiltFolder();
  const names = folder === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith('.node'));
  const libtorch = env['TORCH_DIR'] ? undefined : systemLibtorch();
  const name = names.find((one) => libtorch !== undefined && one === `torch-${libtorch}.node`);
  return {
    path: folder === undefined || name === undefined ? undefined : join(folder, name),
    versions: names.map((one) => one.replace(/^torch-|\.node$/g, '')),
    libtorch,
  };
}

function prebuiltFolder(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      `@cassl/engine-torch-${process.platform}-${process.arch}/package.json`,
    );
    const folder = join(dirname(manifest), 'prebuilt');
    return existsSync(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Debian's package of the libraries alone, libtorch1.13, has no plain libtorch_cpu.so and no headers. */
function systemLibtorch(): string | undefined {
  const names = existsSync(debianLibraries) ? readdirSync(debianLibraries) : [];
  const found = names.flatMap((name) => /^libtorch_cpu\.so\.(\d+\.\d+)$/.exec(name)?.[1] ?? []);
  return found.sort().at(-1);
}
