import type { HostTensor } from '../host-tensor.ts';
import { extentOfOurs, type ModelExtent } from '../names/model-extent.ts';

/** What names and shapes of a whole detector under our names tell. */
export interface DetectorFacts extends ModelExtent {
  readonly classes: number;
  /** Levels with a scale of their own. */
  readonly levels: number;
  readonly pyramidChannels: number;
  readonly towerConvolutions: number;
  readonly masks: MaskFacts | undefined;
}

export interface MaskFacts {
  /** Parameters of an instance's mask head. */
  readonly kernelParameters: number;
  readonly channels: number;
  /** Pyramid levels that are summed. */
  readonly levels: number;
  /** Channels of the features that the mask heads read. */
  readonly featureChannels: number;
}

const HEAD = 'proposal_generator.fcos_head.';

/** `undefined` where there is no head of ours. */
export function describeDetector(
  state: ReadonlyMap<string, Pick<HostTensor, 'shape'>>,
): DetectorFacts | undefined {
  const rows = (name: string): number => state.get(name)?.shape[0] ?? 0;
  const count = (pattern: RegExp): number => [...state.keys()].filter((name) => pattern.test(name)).length;
  if (!state.has(`${HEAD}cls_logits.weight`)) return undefined;
  const extent = extentOfOurs(state.keys());
  return {
    ...extent,
    classes: rows(`${HEAD}cls_logits.weight`),
    levels: count(/\.scales\.\d+\.scale$/),
    pyramidChannels: rows(`backbone.fpn_output${extent.firstLevel}.weight`),
    towerConvolutions: count(/\.cls_tower\.\d+\.weight$/) / 2,
    masks: state.has('controller.weight')
      ? {
          kernelParameters: rows('controller.weight'),
          channels: rows('mask_branch.refine.0.0.weight'),
          levels: count(/^mask_branch\.refine\.\d+\.0\.weight$/),
          featureChannels: rows(`mask_branch.tower.${extent.maskTowerBlocks}.weight`),
        }
      : undefined,
  };
}
