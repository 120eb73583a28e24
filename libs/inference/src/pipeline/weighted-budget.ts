/** A bounded amount of something, lent in the order of asking. */
export interface WeightedBudget {
  /** Waits for `amount`; more than the whole budget is lent as the whole. Rejects with the signal's reason. */
  acquire(amount: number, signal?: AbortSignal): Promise<() => void>;
  readonly used: number;
}

interface Waiter {
  readonly amount: number;
  grant(): void;
}

export function createBudget(limit: number): WeightedBudget {
  const waiters = new Set<Waiter>();
  let used = 0;
  const lend = (amount: number): (() => void) => {
    used += amount;
    let isReturned = false;
    return () => {
      if (isReturned) return;
      isReturned = true;
      used -= amount;
      for (const waiter of waiters) {
        if (used + waiter.amount > limit) return;
        waiter.grant();
      }
    };
  };
  return {
    get used() {
      return used;
    },
    acquire(wanted, signal) {
      const amount = Math.min(wanted, limit);
      signal?.throwIfAborted();
      if (waiters.size === 0 && used + amount <= limit) return Promise.resolve(lend(amount));
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiters.delete(waiter);
          signal?.removeEventListener('abort', abandon);
        };
        const waiter = {
          amount,
          grant: () => {
            leave();
            resolve(lend(amount));
          },
        };
        const abandon = (): void => {
          leave();
          reject(signal?.reason as Error);
        };
        waiters.add(waiter);
        signal?.addEventListener('abort', abandon, { once: true });
      });
    },
  };
}
