import type { HostTensor } from '../host-tensor.ts';
import { namePattern, type NamePattern } from './pattern.ts';

/** A change of layout that goes with a change of name; `undo(apply(t))` is bit-equal to `t`. */
export interface Relayout {
  apply(tensor: HostTensor): HostTensor;
  undo(tensor: HostTensor): HostTensor;
  /** Shapes of both sides, where they differ. */
  readonly shapes?: { readonly theirs: readonly number[]; readonly ours: readonly number[] };
}

/** One of several equal parts, along the first axis, that a tensor of ours is there. */
export interface Part {
  readonly index: number;
  readonly of: number;
}

/** One line of a name table: how a tensor is called here and there. */
export interface NameRule {
  readonly ours: NamePattern;
  readonly theirs: NamePattern;
  /** From our layout to theirs. */
  readonly relayout?: Relayout;
  /** Theirs is only this part of ours; the rules of the other parts stand beside it. */
  readonly part?: Part;
  /** `read`: an old spelling, never written. `written`: what they need and we must not take back. */
  readonly only?: 'read' | 'written';
}

/** Lines `[ours, theirs]`, `[ours, theirs, relayout]` or `[ours, theirs, part]` as rules, under the prefixes of both sides. */
export type NameTable = readonly (readonly [ours: string, theirs: string, how?: Relayout | Part])[];

export function rules(table: NameTable, oursPrefix: string, theirsPrefix: string): NameRule[] {
  return table.map(([ours, theirs, how]) => ({
    ours: namePattern(oursPrefix + ours),
    theirs: namePattern(theirsPrefix + theirs),
    ...(how === undefined ? {} : 'of' in how ? { part: how } : { relayout: how }),
  }));
}

/** The same for spellings that are read and never written. */
export function aliases(table: NameTable, oursPrefix: string, theirsPrefix: string): NameRule[] {
  return rules(table, oursPrefix, theirsPrefix).map((rule) => ({ ...rule, only: 'read' }));
}

/** The same for names that are written and never read. */
export function written(table: NameTable, oursPrefix: string, theirsPrefix: string): NameRule[] {
  return rules(table, oursPrefix, theirsPrefix).map((rule) => ({ ...rule, only: 'written' }));
}
