/** Why something of a data set was left out or changed. */
export interface DropReason {
  /** A short stable sentence, the same for every case: what to search the data for. */
  readonly reason: string;
  readonly what: 'image' | 'annotation';
  /** `dropped` is gone; `repaired` was kept after a change (a box clipped to its image). */
  readonly outcome: 'dropped' | 'repaired';
  readonly count: number;
  /** The first few cases, each naming its id and its values. */
  readonly examples: readonly string[];
}

export interface DropReport {
  readonly images: { readonly listed: number; readonly kept: number };
  readonly annotations: { readonly listed: number; readonly kept: number };
  /** Most frequent first. */
  readonly reasons: readonly DropReason[];
}

/** Collects reasons while a data set is read. */
export interface DropLog {
  drop(what: DropReason['what'], reason: string, example: string): void;
  repair(what: DropReason['what'], reason: string, example: string): void;
  report(totals: Pick<DropReport, 'images' | 'annotations'>): DropReport;
}

const examplesKept = 5;
/** A reason may name a value: a report of a damaged file must stay short. */
const reasonsKept = 100;

export function createDropLog(): DropLog {
  const reasons = new Map<string, DropReason & { count: number; examples: string[] }>();
  const add = (
    outcome: DropReason['outcome'],
    what: DropReason['what'],
    reason: string,
    example: string,
  ): void => {
    const keyOf = (sentence: string): string => `${outcome} ${what} ${sentence}`;
    const isKept = reasons.has(keyOf(reason)) || reasons.size < reasonsKept;
    const sentence = isKept ? reason : 'other reasons';
    let entry = reasons.get(keyOf(sentence));
    if (entry === undefined)
      reasons.set(keyOf(sentence), (entry = { reason: sentence, what, outcome, count: 0, examples: [] }));
    entry.count++;
    if (entry.examples.length < examplesKept) entry.examples.push(example);
  };
  return {
    drop: (what, reason, example) => add('dropped', what, reason, example),
    repair: (what, reason, example) => add('repaired', what, reason, example),
    report: (totals) => ({ ...totals, reasons: [...reasons.values()].sort((a, b) => b.count - a.count) }),
  };
}

/** The report as a few lines of text for a terminal or a log. */
export function formatDropReport({ images, annotations, reasons }: DropReport): string {
  const lines = [
    `images       ${images.kept} of ${images.listed} kept`,
    `annotations  ${annotations.kept} of ${annotations.listed} kept`,
  ];
  for (const { outcome, what, reason, count, examples } of reasons) {
    lines.push(`${outcome} ${count} ${what}${count === 1 ? '' : 's'}: ${reason}`);
    for (const example of examples) lines.push(`    ${example}`);
    if (count > examples.length) lines.push(`    ... and ${count - examples.length} more`);
  }
  return lines.join('\n');
}
