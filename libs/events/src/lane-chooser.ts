import type { Lane } from './lanes.ts';

/**
 * Which job this worker serves next: the highest priority, and among equals the one that has had least of this worker's time
 * for its weight (stride scheduling). No worker knows of another, yet each one's time is shared fairly, and so is their sum.
 */
export class LaneChooser {
  readonly #lanes = new Map<string, Lane>();
  readonly #served = new Map<string, number>();
  readonly #coolUntil = new Map<string, number>();
  readonly #pools: readonly string[];

  /** @param pools kinds of jobs that this worker takes; default those that ask for no kind */
  constructor(pools: readonly string[] = ['']) {
    this.#pools = pools;
  }

  /** Takes note of a job's lane as it is now. */
  set(job: string, lane: Lane): void {
    if (!lane.isOpen) {
      this.#lanes.delete(job);
      this.#served.delete(job);
      this.#coolUntil.delete(job);
      return;
    }
    // A newcomer starts where the others are: it must not take all workers until it has caught up.
    if (!this.#lanes.has(job)) this.#served.set(job, Math.min(Infinity, ...this.#served.values()));
    if (this.#served.get(job) === Infinity) this.#served.set(job, 0);
    this.#lanes.set(job, lane);
  }

  /** The worker spent so long on an item of this job. */
  charge(job: string, seconds: number): void {
    const lane = this.#lanes.get(job);
    if (lane === undefined) return;
    this.#served.set(job, (this.#served.get(job) ?? 0) + seconds / lane.weight);
  }

  /** Leaves a job alone for a while: something that only it needs is away. */
  cool(job: string, untilMs: number): void {
    this.#coolUntil.set(job, untilMs);
  }

  /** Jobs to ask, first choice first. */
  order(nowMs: number): string[] {
    const open = [...this.#lanes].filter(
      ([job, lane]) =>
        !lane.isPaused && this.#pools.includes(lane.pool) && (this.#coolUntil.get(job) ?? 0) <= nowMs,
    );
    const served = (job: string): number => this.#served.get(job) ?? 0;
    open.sort(([a, laneA], [b, laneB]) => laneB.priority - laneA.priority || served(a) - served(b));
    return open.map(([job]) => job);
  }
}
