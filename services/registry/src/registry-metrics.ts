import { Gauge, type Registry as MetricsRegistry } from '@cassl/rpc';
import type { Registry } from './registry.ts';

/** Counts asked of the database whenever they are scraped. */
export function registerMetrics({ db }: Pick<Registry, 'db'>, metrics: MetricsRegistry): void {
  new Gauge({
    name: 'cassl_registry_damaged_checkpoints',
    help: 'Checkpoints that are not served because their file is missing or was changed, by digest',
    labelNames: ['digest'],
    registers: [metrics],
    async collect() {
      const rows = await db
        .selectFrom('checkpoints')
        .select('digest')
        .where('damage', 'is not', null)
        .limit(100)
        .execute();
      this.reset();
      for (const { digest } of rows) this.set({ digest }, 1);
    },
  });
  new Gauge({
    name: 'cassl_registry_checkpoints',
    help: 'Published checkpoints',
    registers: [metrics],
    async collect() {
      const { count } = await db
        .selectFrom('checkpoints')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      this.set(Number(count));
    },
  });
}
