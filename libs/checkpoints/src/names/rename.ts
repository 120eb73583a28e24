import { invalidArgument } from '@cassl/errors';
import { changed, partOf, type LazyState, type LazyTensor } from '../lazy-tensor.ts';
import { PartCollector } from './part-collector.ts';
import type { NameRule } from './rule.ts';
import { skipReason } from './skip-reason.ts';

/** A tensor that was left out. */
export interface SkippedTensor {
  readonly name: string;
  readonly reason: string;
}

export interface RenameReport {
  /** Old and new name of every tensor that was taken. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  readonly skipped: readonly SkippedTensor[];
  /** New names of tensors that the target needs and the source does not store (counters, index buffers). */
  readonly added: readonly string[];
}

export type Direction = 'ours-to-theirs' | 'theirs-to-ours';

/** Applies a name table to a state dict. Tensors that change neither layout nor shape share their bytes with the input. */
export function rename(
  state: LazyState,
  table: readonly NameRule[],
  direction: Direction,
  framework: string,
): { tensors: LazyState; renamed: { from: string; to: string }[]; skipped: SkippedTensor[] } {
  const renamed: { from: string; to: string }[] = [];
  const skipped: SkippedTensor[] = [];
  const tensors: LazyState = new Map();
  const parts = new PartCollector();
  const isReading = direction === 'theirs-to-ours';
  const usable = table.filter(({ only }) => only === undefined || (only === 'read') === isReading);
  for (const [from, tensor] of state) {
    const found = from.endsWith('.num_batches_tracked') ? [] : newNames(from, usable, isReading);
    if (found.length === 0) skipped.push({ name: from, reason: skipReason(from, framework) });
    for (const { to, rule } of found) {
      renamed.push({ from, to });
      if (isReading && rule.part !== undefined) parts.add(to, from, rule.part, tensor);
      else if (tensors.has(to))
        throw invalidArgument(`two tensors of the checkpoint are both ${to}; one of them is ${from}`);
      else tensors.set(to, isReading ? backTo(tensor, rule) : toTheirs(tensor, rule));
    }
  }
  for (const [name, tensor] of parts.joined()) tensors.set(name, tensor);
  return { tensors, renamed, skipped };
}

function toTheirs(tensor: LazyTensor, { relayout, part }: NameRule): LazyTensor {
  if (part !== undefined) return partOf(tensor, part.index, part.of);
  if (relayout === undefined) return tensor;
  const shape = relayout.shapes?.theirs ?? tensor.shape;
  return changed(tensor, (value) => relayout.apply(value), { dtype: tensor.dtype, shape });
}

function backTo(tensor: LazyTensor, { relayout }: NameRule): LazyTensor {
  if (relayout === undefined) return tensor;
  const shape = relayout.shapes?.ours ?? tensor.shape;
  return changed(tensor, (value) => relayout.undo(value), { dtype: tensor.dtype, shape });
}

/** One new name, or one for each of the parts that a tensor of ours falls into. */
function newNames(
  from: string,
  table: readonly NameRule[],
  isReading: boolean,
): { to: string; rule: NameRule }[] {
  const found: { to: string; rule: NameRule }[] = [];
  for (const rule of table) {
    const [source, target] = isReading ? [rule.theirs, rule.ours] : [rule.ours, rule.theirs];
    const bindings = source.match(from);
    if (bindings === undefined) continue;
    found.push({ to: target.format(bindings), rule });
    if (isReading || rule.part === undefined) break;
  }
  // Rules of parts match all together or, where a plain rule came first, not at all.
  return found.length > 1 ? found.filter(({ rule }) => rule.part !== undefined) : found;
}
