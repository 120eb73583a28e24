import { invalidArgument } from '@cassl/errors';
import type { StateDict } from '../host-tensor.ts';
import { hostState, lazyState } from '../lazy-tensor.ts';
import { unfoldedStatistics } from './batch-norm-buffers.ts';
import { FRAMEWORKS, nameRules, type Framework, type Scope } from './frameworks.ts';
import { extentOfTheirs, type ModelExtent } from './model-extent.ts';
import { rename, type RenameReport } from './rename.ts';
import { possiblePrefixes, under, withoutInfixes } from './unwrap.ts';

export interface ImportOptions {
  /** Default: the framework whose names fit most tensors. */
  readonly framework?: Framework | undefined;
  /** k of the first C_k with a lateral, where the names do not tell: see `extentOfTheirs`. */
  readonly firstLevel?: number | undefined;
  /** What stands before the model's names, for example `module.encoder_q.`. Default: the usual wrapper under which most tensors fit. */
  readonly prefix?: string | undefined;
}

export interface ImportedWeights {
  /** Under our names, in our layouts. */
  readonly tensors: StateDict;
  readonly framework: Framework;
  readonly scope: Scope;
  /** What stood before the names that were taken. */
  readonly prefix: string;
  readonly report: RenameReport;
}

/**
 * Takes a framework's weights, whole detectors or backbones alone, and gives them our names and layouts. What trainers
 * wrap around a model (DataParallel, torch.compile, MoCo, teachers, averages) is taken off.
 * @throws INVALID_ARGUMENT when no tensor fits, naming a few of those that the file has
 */
export function importWeights(state: StateDict, options: ImportOptions = {}): ImportedWeights {
  const whole = withoutInfixes(state);
  const found = recognise(whole, options);
  const { framework, scope, extent, prefix } = found;
  const named = under(whole, prefix);
  const renaming = rename(lazyState(named), nameRules(framework, scope, extent), 'theirs-to-ours', framework);
  const tensors = hostState(renaming.tensors);
  const statistics = framework === 'msra' ? unfoldedStatistics(tensors) : new Map<string, never>();
  for (const [name, tensor] of statistics) tensors.set(name, tensor);
  const outside = [...whole.keys()].filter((name) => !name.startsWith(prefix));
  const skipped = [
    ...renaming.skipped,
    ...outside.map((name) => ({ name, reason: `not under ${prefix}, where the model was found` })),
  ];
  return {
    tensors,
    framework,
    scope,
    prefix,
    report: { renamed: renaming.renamed, skipped, added: [...statistics.keys()] },
  };
}

interface Recognised {
  readonly framework: Framework;
  readonly scope: Scope;
  readonly prefix: string;
  readonly extent: ModelExtent;
}

function recognise(state: StateDict, { framework, firstLevel, prefix }: ImportOptions): Recognised {
  let best: Recognised | undefined;
  let most = 0;
  for (const candidate of prefix === undefined ? possiblePrefixes(state.keys()) : [prefix]) {
    const names = [...under(state, candidate).keys()];
    const extent = extentOfTheirs(names, firstLevel);
    for (const name of framework === undefined ? candidates(names) : [framework]) {
      for (const scope of ['detector', 'backbone'] as const) {
        const fitting = countFitting(names, name, scope, extent);
        if (fitting <= most) continue;
        most = fitting;
        best = { framework: name, scope, prefix: candidate, extent };
      }
    }
  }
  if (best !== undefined) return best;
  const some = [...state.keys()].slice(0, 3).join(', ');
  const where = prefix === undefined ? '' : ` under ${prefix}`;
  throw invalidArgument(
    `no tensor${where} has a name of ${framework ?? FRAMEWORKS.join(', ')}: the checkpoint has ${state.size}, for example ${some || 'none'}`,
  );
}

function countFitting(
  names: readonly string[],
  framework: Framework,
  scope: Scope,
  extent: ModelExtent,
): number {
  const table = nameRules(framework, scope, extent).filter(({ only }) => only !== 'written');
  return names.filter((name) => table.some((rule) => rule.theirs.match(name))).length;
}

/** timm and the official Swin differ only in which stage a merging belongs to; only the official has one in stage 0. */
function candidates(names: readonly string[]): readonly Framework[] {
  const has = (stage: number): boolean => names.includes(`layers.${stage}.downsample.norm.weight`);
  return has(1) && !has(0) ? ['timm'] : FRAMEWORKS;
}
