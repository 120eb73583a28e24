/** What a pool holds and what of it is used: nothing is passed over without a word. */
export interface PoolReport {
  /** Files and members of tar files. */
  readonly listed: number;
  /** Images. */
  readonly kept: number;
  /** What is not read, by reason, most frequent first. */
  readonly unread: readonly PoolUnread[];
}

export interface PoolUnread {
  readonly reason: string;
  readonly count: number;
  /** The first three. */
  readonly examples: readonly string[];
}

const EXAMPLES = 3;
/** Reasons may name a file (a damaged tar): the record of a job must stay small. */
const REASONS = 20;

/** Counts while a pool is listed; in constant memory. */
export class PoolCounter {
  #kept: number;
  readonly #unread: Map<string, { count: number; examples: string[] }>;

  /** @param from a report to go on with */
  constructor(from: PoolReport = { listed: 0, kept: 0, unread: [] }) {
    this.#kept = from.kept;
    this.#unread = new Map(
      from.unread.map(({ reason, count, examples }) => [reason, { count, examples: [...examples] }]),
    );
  }

  keep(): void {
    this.#kept += 1;
  }

  pass(key: string, reason: string): void {
    const name = this.#unread.has(reason) || this.#unread.size < REASONS ? reason : 'other reasons';
    const entry = this.#unread.get(name) ?? { count: 0, examples: [] };
    entry.count += 1;
    if (entry.examples.length < EXAMPLES) entry.examples.push(key.slice(0, 200));
    this.#unread.set(name, entry);
  }

  report(): PoolReport {
    const unread = [...this.#unread].map(([reason, entry]) => ({
      reason,
      count: entry.count,
      examples: [...entry.examples],
    }));
    unread.sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
    const passed = unread.reduce((sum, { count }) => sum + count, 0);
    return { listed: this.#kept + passed, kept: this.#kept, unread };
  }
}

/** For people: "5 of 9 files are images; not read: 2 × … (a, b)". */
export function describePool({ listed, kept, unread }: PoolReport): string {
  const parts = unread.map(({ reason, count, examples }) => {
    const more = count > examples.length ? ', …' : '';
    return `${count} × ${reason} (${examples.join(', ')}${more})`;
  });
  return `${kept} of ${listed} files are images${parts.length === 0 ? '' : `; not read: ${parts.join('; ')}`}`;
}
