import { invalidArgument } from '@cassl/errors';
import type { StateDict } from '../host-tensor.ts';
import { unfoldedStatistics } from './batch-norm-buffers.ts';
import { FRAMEWORKS, nameRules, type Framework, type Scope } from './frameworks.ts';
import { extentOfTheirs } from './model-extent.ts';
import { rename, type RenameReport } from './rename.ts';

export interface ImportOptions {
  /** Default: the framework whose names fit most tensors. */
  readonly framework?: Framework;
  /** k of the first C_k with a lateral, where the names do not tell: see `extentOfTheirs`. */
  readonly firstLevel?: number;
}

export interface ImportedWeights {
  /** Under our names, in our layouts. */
  readonly tensors: StateDict;
  readonly framework: Framework;
  readonly scope: Scope;
  readonly report: RenameReport;
}

/**
 * Takes a framework's weights, whole detectors or backbones alone, and gives them our names and layouts.
 * @throws INVALID_ARGUMENT when no tensor fits, naming a few of those that the file has
 */
export function importWeights(state: StateDict, options: ImportOptions = {}): ImportedWeights {
  const named = withoutWrapper(state);
  const extent = extentOfTheirs(named.keys(), options.firstLevel);
  const { framework, scope } = recognise(named, extent, options.framework);
  const { tensors, renamed, skipped } = rename(
    named,
    nameRules(framework, scope, extent),
    'theirs-to-ours',
    framework,
  );
  const statistics = framework === 'msra' ? unfoldedStatistics(tensors) : new Map<string, never>();
  for (const [name, tensor] of statistics) tensors.set(name, tensor);
  return { tensors, framework, scope, report: { renamed, skipped, added: [...statistics.keys()] } };
}

/** DataParallel wraps a model in one named `module`. */
function withoutWrapper(state: StateDict): StateDict {
  const isWrapped = state.size > 0 && [...state.keys()].every((name) => name.startsWith('module.'));
  return isWrapped
    ? new Map([...state].map(([name, tensor]) => [name.slice('module.'.length), tensor]))
    : state;
}

interface Recognised {
  readonly framework: Framework;
  readonly scope: Scope;
}

function recognise(
  state: StateDict,
  extent: ReturnType<typeof extentOfTheirs>,
  asked: Framework | undefined,
): Recognised {
  let best: Recognised | undefined;
  let most = 0;
  for (const framework of asked === undefined ? candidates(state) : [asked]) {
    for (const scope of ['detector', 'backbone'] as const) {
      const table = nameRules(framework, scope, extent);
      const fitting = [...state.keys()].filter((name) => table.some((rule) => rule.theirs.match(name)));
      if (fitting.length > most) {
        most = fitting.length;
        best = { framework, scope };
      }
    }
  }
  if (best !== undefined) return best;
  const some = [...state.keys()].slice(0, 3).join(', ');
  throw invalidArgument(
    `no tensor has a name of ${asked ?? FRAMEWORKS.join(', ')}: the checkpoint has ${state.size}, for example ${some || 'none'}`,
  );
}

/** timm and the official Swin differ only in which stage a merging belongs to; only the official has one in stage 0. */
function candidates(state: StateDict): readonly Framework[] {
  const has = (stage: number): boolean => state.has(`layers.${stage}.downsample.norm.weight`);
  return has(1) && !has(0) ? ['timm'] : FRAMEWORKS;
}
