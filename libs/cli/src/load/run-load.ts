import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '@cassl/errors';
import { arrivals } from './arrivals.ts';
import { summarize, type LoadResult } from './summarize.ts';

/** One request; `number` counts them from 0. */
export type Ask = (number: number, signal: AbortSignal) => Promise<void>;

export type LoadShape =
  /** So many callers, each asking again when it has its answer: the speed is the server's. */
  | { readonly kind: 'closed'; readonly clients: number }
  /**
   * Requests come when they come, whether earlier ones are answered or not. Times count from when a request was due, so that a stall
   * is felt by everything behind it (no coordinated omission).
   */
  | { readonly kind: 'open'; readonly perSecond: number; readonly seed: number };

export interface LoadPlan {
  readonly shape: LoadShape;
  readonly durationMs: number;
  /** Asked before, and not counted. @default 0 */
  readonly warmUpMs?: number;
  /** Of one request. @default 30_000 */
  readonly timeoutMs?: number;
  /** Requests without an answer at the same time; one more is counted as NOT_SENT. @default 10_000 */
  readonly mostOpen?: number;
  readonly signal?: AbortSignal;
}

/** Asks until the time is over, waits for what is under way, and says how it went. */
export async function runLoad(ask: Ask, plan: LoadPlan): Promise<LoadResult> {
  const { warmUpMs = 0, durationMs } = plan;
  const startsAt = performance.now() + warmUpMs;
  const endsAt = startsAt + durationMs;
  const timesMs: number[] = [];
  const errors = new Map<string, number>();
  let lateMs = 0;
  let answeredAt = startsAt;
  const state = { number: 0, open: 0 };
  const isOver = (): boolean => performance.now() >= endsAt || plan.signal?.aborted === true;
  const count = (code: string): void => void errors.set(code, (errors.get(code) ?? 0) + 1);

  const one = async (dueAt: number): Promise<void> => {
    state.open++;
    try {
      await ask(state.number++, AbortSignal.timeout(plan.timeoutMs ?? 30_000));
      if (dueAt >= startsAt) {
        answeredAt = performance.now();
        timesMs.push(answeredAt - dueAt);
      }
    } catch (error) {
      if (dueAt >= startsAt) count(errorCode(error));
    } finally {
      state.open--;
    }
  };
  const closed = async (): Promise<void> => {
    while (!isOver()) await one(performance.now());
  };
  const openLoop = async (perSecond: number, seed: number): Promise<void> => {
    const beganAt = performance.now();
    const running = new Set<Promise<void>>();
    for (const at of arrivals(perSecond, seed)) {
      const dueAt = beganAt + at;
      if (dueAt >= endsAt || isOver()) break;
      const waitMs = dueAt - performance.now();
      // A timer of 1 ms is the shortest; below, requests that are due go out together.
      if (waitMs > 0.5) await sleep(waitMs);
      if (dueAt >= startsAt) lateMs = Math.max(lateMs, performance.now() - dueAt);
      if (state.open >= (plan.mostOpen ?? 10_000)) count('NOT_SENT');
      else {
        const sent: Promise<void> = one(dueAt).finally(() => running.delete(sent));
        running.add(sent);
      }
    }
    await Promise.all(running);
  };
  const { shape } = plan;
  if (shape.kind === 'open') await openLoop(shape.perSecond, shape.seed);
  else await Promise.all(Array.from({ length: shape.clients }, closed));
  const seconds = Math.max(durationMs, answeredAt - startsAt) / 1000;
  return summarize(timesMs, { errors, seconds, sentLateMs: lateMs });
}
