import { invalidArgument } from '@cassl/errors';
import type { StateDict } from '../host-tensor.ts';
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
  state: StateDict,
  table: readonly NameRule[],
  direction: Direction,
  framework: string,
): { tensors: StateDict; renamed: { from: string; to: string }[]; skipped: SkippedTensor[] } {
  const tensors: StateDict = new Map();
  const renamed: { from: string; to: string }[] = [];
  const skipped: SkippedTensor[] = [];
  const reading = direction === 'theirs-to-ours';
  const usable = reading ? table : table.filter((rule) => rule.isAlias !== true);
  for (const [from, tensor] of state) {
    const found = newName(from, usable, reading);
    if (found === undefined || from.endsWith('.num_batches_tracked')) {
      skipped.push({ name: from, reason: skipReason(from, framework) });
      continue;
    }
    const { to, rule } = found;
    if (tensors.has(to))
      throw invalidArgument(`two tensors of the checkpoint are both ${to}; one of them is ${from}`);
    const relayout = rule.relayout;
    tensors.set(
      to,
      relayout === undefined ? tensor : reading ? relayout.undo(tensor) : relayout.apply(tensor),
    );
    renamed.push({ from, to });
  }
  return { tensors, renamed, skipped };
}

function newName(
  from: string,
  table: readonly NameRule[],
  reading: boolean,
): { to: string; rule: NameRule } | undefined {
  for (const rule of table) {
    const [source, target] = reading ? [rule.theirs, rule.ours] : [rule.ours, rule.theirs];
    const bindings = source.match(from);
    if (bindings !== undefined) return { to: target.format(bindings), rule };
  }
  return undefined;
}
