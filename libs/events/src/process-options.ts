import type { ItemIdentity, WorkItem } from './work-item.ts';

export interface ProcessOptions<T> {
  /**
   * Does the work and commits its result. How it throws decides (`outlook` of its code): a permanent error puts the item aside as
   * dead at once; an outage of a neighbour gives it back and costs no attempt; anything else is tried again, later each time.
   */
  readonly handler: (item: WorkItem<T>) => Promise<void>;
  /** Items at the same time in this process, default 1. */
  readonly concurrency?: number;
  /** Stops taking items; running handlers get `drainMs` before their own signal aborts, then their items go back. */
  readonly signal: AbortSignal;
  /** Default 0. */
  readonly drainMs?: number;
  /** Kinds of jobs that this worker takes; default those that ask for no kind. */
  readonly pools?: readonly string[];
  /** An attempt that takes longer has failed; default never. */
  readonly itemTimeoutMs?: number;
  /** Told before an item is put aside for good. */
  readonly onDead?: (item: ItemIdentity & { readonly payload: T; readonly reason: string }) => Promise<void>;
  /** Told of every item that ended, for logs and metrics. */
  readonly onEnd?: (end: ItemEnd) => void;
}

export interface ItemEnd {
  readonly job: string;
  readonly id: string;
  readonly attempt: number;
  /** `waiting`: given back because a neighbour is away. */
  readonly outcome: 'done' | 'dropped' | 'handed-back' | 'waiting' | 'retried' | 'dead';
  /** With this worker. */
  readonly seconds: number;
  /** Why it was not done. */
  readonly error?: unknown;
}
