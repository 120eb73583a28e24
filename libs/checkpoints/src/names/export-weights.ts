import { invalidArgument } from '@cassl/errors';
import type { StateDict } from '../host-tensor.ts';
import { hostState, lazyState, type LazyState } from '../lazy-tensor.ts';
import { batchCounters } from './batch-norm-buffers.ts';
import { describeBackbone } from './describe-backbone.ts';
import { defaultScope, nameRules, type Framework, type Scope } from './frameworks.ts';
import { extentOfOurs } from './model-extent.ts';
import { rename, type RenameReport } from './rename.ts';
import { indexBuffers } from './swin-buffers.ts';

export interface ExportedWeights {
  readonly tensors: StateDict;
  readonly report: RenameReport;
}

/**
 * Gives our weights a framework's names and layouts, so that its own loader takes them, strictly where it has nothing
 * that we lack (method.md 3.3).
 * @param scope default: all that the framework has; `backbone` drops everything else and the prefixes, as classification models and timm have it
 * @param firstLevel k of the first C_k with a lateral in the model that will load it, which running numbers count from; default: as
 *   in ours. A Mask R-CNN's is 2: it takes our P3–P5 and lacks level 2.
 * @throws INVALID_ARGUMENT when no tensor has a counterpart there
 */
export function exportWeights(
  state: StateDict,
  framework: Framework,
  scope: Scope = defaultScope(framework),
  firstLevel?: number,
): ExportedWeights {
  const { tensors, report } = planExport(lazyState(state), framework, scope, firstLevel);
  return { tensors: hostState(tensors), report };
}

/** The same for tensors whose bytes may still be elsewhere. */
export function planExport(
  state: LazyState,
  framework: Framework,
  scope: Scope = defaultScope(framework),
  firstLevel?: number,
): { readonly tensors: LazyState; readonly report: RenameReport } {
  const table = nameRules(framework, scope, extentOfOurs(state.keys(), firstLevel));
  const { tensors, renamed, skipped } = rename(state, table, 'ours-to-theirs', framework);
  if (tensors.size === 0) throw nothingFits(state, framework);
  const buffers = lazyState(
    new Map([...indexBuffers(tensors, framework), ...batchCounters(tensors, framework)]),
  );
  for (const [name, tensor] of buffers) tensors.set(name, tensor);
  return { tensors, report: { renamed, skipped, added: [...buffers.keys()] } };
}

function nothingFits(state: LazyState, framework: Framework): Error {
  const backbone = describeBackbone(state);
  if (backbone !== undefined) {
    return invalidArgument(
      `the checkpoint has a ${backbone.kind === 'resnet' ? 'ResNet' : 'Swin'} backbone, and ${framework} has names for ${
        backbone.kind === 'resnet' ? 'Swin' : 'ResNet'
      } alone`,
    );
  }
  const some = [...state.keys()].slice(0, 3).join(', ');
  return invalidArgument(
    `none of the ${state.size} tensors has a name in ${framework}: is this a cassl checkpoint? It has ${some || 'none'}`,
  );
}
