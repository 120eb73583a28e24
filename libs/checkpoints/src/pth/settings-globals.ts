import type { Constructor } from './pickle-reader.ts';

/** Made without a look at its arguments: nothing of it is a weight. */
const nothing = (name: string): Constructor => ({ name, call: () => null });

/** Its attributes are dropped, as those of every dict are; its items are kept, for they may be weights. */
const dict = (name: string): Constructor => ({ name, call: () => new Map(), isMadeBare: true });

/**
 * What trainers save beside the weights: arguments of the command line, milestones of schedulers, best numbers, folders,
 * devices. Names only: no class of Python is behind them here.
 */
export const SETTINGS_GLOBALS: Readonly<Record<string, Constructor>> = {
  'argparse.Namespace': dict('Namespace'),
  'types.SimpleNamespace': dict('SimpleNamespace'),
  'collections.Counter': dict('Counter'),
  'collections.defaultdict': dict('defaultdict'),
  'numpy.core.multiarray.scalar': nothing('scalar'),
  'numpy._core.multiarray.scalar': nothing('scalar'),
  'pathlib.PosixPath': nothing('PosixPath'),
  'pathlib.WindowsPath': nothing('WindowsPath'),
  'pathlib._local.PosixPath': nothing('PosixPath'),
  'pathlib._local.WindowsPath': nothing('WindowsPath'),
  'torch.device': nothing('device'),
  'torch.Size': nothing('Size'),
  'builtins.set': nothing('set'),
  '__builtin__.set': nothing('set'),
  // Values of a defaultdict's argument.
  ...Object.fromEntries(
    ['builtins', '__builtin__'].flatMap((module) =>
      ['dict', 'list', 'int', 'float'].map((name) => [`${module}.${name}`, nothing(name)]),
    ),
  ),
};
