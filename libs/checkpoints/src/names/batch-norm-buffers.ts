import { float32Tensor, int64Tensor, type StateDict } from '../host-tensor.ts';
import type { Framework } from './frameworks.ts';

/** PyTorch's default, with which every norm here is computed. */
const EPSILON = 1e-5;

/** The `num_batches_tracked` of live batch norms, which frozen ones (detectron2's backbones) do not have. */
export function batchCounters(exported: ReadonlyMap<string, unknown>, framework: Framework): StateDict {
  const counters: StateDict = new Map();
  const isLive = liveNorms(framework);
  for (const name of exported.keys()) {
    if (!name.endsWith('.running_var') || !isLive.test(name)) continue;
    counters.set(name.replace(/running_var$/, 'num_batches_tracked'), int64Tensor([], new BigInt64Array(1)));
  }
  return counters;
}

function liveNorms(framework: Framework): RegExp {
  switch (framework) {
    case 'torchvision':
    case 'timm':
    case 'transformers':
    case 'mmdet':
      return /./;
    case 'adelaidet':
    case 'entity':
      return /^mask_branch\./;
    default:
      return /(?!)/;
  }
}

/**
 * Detectron1 folds a norm into a scale and a shift and stores no statistics: mean 0 and variance 1 - ε make the norm
 * exactly that (detectron2 does the same).
 */
export function unfoldedStatistics(imported: StateDict): StateDict {
  const statistics: StateDict = new Map();
  for (const [name, scale] of imported) {
    const norm = /^(.*\.(?:bn\d|downsample\.1))\.weight$/.exec(name)?.[1];
    if (norm === undefined || imported.has(`${norm}.running_var`)) continue;
    const channels = scale.shape[0]!;
    statistics.set(`${norm}.running_mean`, float32Tensor([channels], new Float32Array(channels)));
    statistics.set(
      `${norm}.running_var`,
      float32Tensor([channels], new Float32Array(channels).fill(1 - EPSILON)),
    );
  }
  return statistics;
}
