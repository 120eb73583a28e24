import type { PyramidExtent } from './fpn-names.ts';

/** What a name table must know about a model beyond one tensor's name. */
export interface ModelExtent extends PyramidExtent {
  /** 3×3 blocks of the mask branch's tower. */
  readonly maskTowerBlocks: number;
  /** Kind of its norms: batch norms have statistics, group norms do not. */
  readonly maskNorm: 'bn' | 'gn';
}

/** Reads the extent off our own names; with `firstLevel`, that of a model whose pyramid starts there and ends where ours does. */
export function extentOfOurs(names: Iterable<string>, firstLevel?: number): ModelExtent {
  const list = [...names];
  const levels = numbers(list, /^backbone\.fpn_lateral(\d+)\./);
  const first = firstLevel ?? (levels.length > 0 ? Math.min(...levels) : 3);
  return {
    firstLevel: first,
    laterals: levels.length > 0 ? Math.max(...levels) - first + 1 : 0,
    maskTowerBlocks: numbers(list, /^mask_branch\.tower\.(\d+)\.0\./).length,
    maskNorm: list.some((name) => /^mask_branch\..*\.running_var$/.test(name)) ? 'bn' : 'gn',
  };
}

/**
 * Reads the extent off mmdetection's or torchvision's names. They do not tell which level comes first: four laterals
 * mean C2–C5 and fewer start at C3, unless `firstLevel` says otherwise.
 */
export function extentOfTheirs(names: Iterable<string>, firstLevel?: number): ModelExtent {
  const list = [...names];
  const laterals = numbers(list, /(?:lateral_convs|inner_blocks|fpn_lateral)\.?(\d+)\./).length;
  return {
    firstLevel: firstLevel ?? (laterals >= 4 ? 2 : 3),
    laterals,
    maskTowerBlocks: numbers(list, /\.conv_branch\.(\d+)\./).length,
    maskNorm: list.some((name) => /mask_feature_head\..*\.gn\./.test(name)) ? 'gn' : 'bn',
  };
}

function numbers(names: readonly string[], pattern: RegExp): number[] {
  const found = names.flatMap((name) => pattern.exec(name)?.[1] ?? []);
  return [...new Set(found.map(Number))];
}
