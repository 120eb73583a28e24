import type { HostTensor } from '../host-tensor.ts';
import { namePattern, type NamePattern } from './pattern.ts';

/** A change of layout that goes with a change of name; `undo(apply(t))` is bit-equal to `t`. */
export interface Relayout {
  apply(tensor: HostTensor): HostTensor;
  undo(tensor: HostTensor): HostTensor;
}

/** One line of a name table: how a tensor is called here and there. */
export interface NameRule {
  readonly ours: NamePattern;
  readonly theirs: NamePattern;
  /** From our layout to theirs. */
  readonly relayout?: Relayout;
  /** An old spelling: read, but never written. */
  readonly isAlias?: boolean;
}

/** Lines `[ours, theirs]` or `[ours, theirs, relayout]` as rules, under the prefixes of both sides. */
export type NameTable = readonly (readonly [ours: string, theirs: string, relayout?: Relayout])[];

export function rules(table: NameTable, oursPrefix: string, theirsPrefix: string): NameRule[] {
  return table.map(([ours, theirs, relayout]) => ({
    ours: namePattern(oursPrefix + ours),
    theirs: namePattern(theirsPrefix + theirs),
    ...(relayout === undefined ? {} : { relayout }),
  }));
}

/** The same for spellings that are read and never written. */
export function aliases(table: NameTable, oursPrefix: string, theirsPrefix: string): NameRule[] {
  return rules(table, oursPrefix, theirsPrefix).map((rule) => ({ ...rule, isAlias: true }));
}
