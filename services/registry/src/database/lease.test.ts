import type { Kysely } from 'kysely';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NEVER } from '../checkpoints.fixture.ts';
import { useRegistry } from '../registry.fixture.ts';
import { checkLease, dropLeases, tryLease, withLease, type Lease } from './lease.ts';
import type { Database } from './schema.ts';

const LEASE_MS = 30_000;
const test = useRegistry();
const db = (): Kysely<Database> => test.registry.db;
const check = (lease: Lease): Promise<void> =>
  db()
    .transaction()
    .execute((transaction) => checkLease(transaction, lease));
/** As if the holder had been silent for so long. */
const expire = (name: string): Promise<unknown> =>
  db()
    .updateTable('leases')
    .set({ expires_at: new Date(0) })
    .where('name', '=', name)
    .execute();

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await dropLeases(db());
});

describe('a lease', () => {
  it('is one holder’s until he gives it back', async () => {
    const first = (await tryLease(db(), 'one'))!;
    expect(first.isTakenOver).toBe(false);
    expect(await tryLease(db(), 'one')).toBeUndefined();
    expect(await tryLease(db(), 'another')).toBeDefined();
    await first.release();
    expect(await tryLease(db(), 'one')).toMatchObject({ isTakenOver: false });
  });

  it('of a silent holder is taken over, who can neither finish with it nor give it away', async () => {
    const silent = (await tryLease(db(), 'silent'))!;
    await expire('silent');
    const heir = (await tryLease(db(), 'silent'))!;
    expect(heir.isTakenOver).toBe(true);
    await expect(check(silent)).rejects.toMatchObject({
      code: 'ABORTED',
      message: 'another replica took this work over; try again',
    });
    await silent.release();
    await check(heir);
    expect(await tryLease(db(), 'silent')).toBeUndefined();
  });

  it('goes to one of many who ask at the same time', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => tryLease(db(), 'many')));
    expect(asked.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it('is kept by its holder, however long he works', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const lease = (await tryLease(db(), 'long'))!;
    await expire('long');
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    await vi.waitUntil(async () => (await tryLease(db(), 'long')) === undefined, { timeout: 5000 });
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
  });

  it('tells its holder at the next renewal that it is another’s', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const lease = (await tryLease(db(), 'taken'))!;
    await db().updateTable('leases').set({ owner: 'another' }).where('name', '=', 'taken').execute();
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    await vi.waitUntil(() => lease.signal.aborted, { timeout: 5000 });
    expect(lease.signal.reason).toMatchObject({ code: 'ABORTED' });
  });

  it('is lost once the database was away for its whole time, not before', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const lease = (await tryLease(db(), 'away'))!;
    vi.spyOn(db(), 'updateTable').mockImplementation(() => {
      throw new Error('the database is away');
    });
    await vi.advanceTimersByTimeAsync((LEASE_MS * 2) / 3);
    expect(lease.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3);
    expect(lease.signal.reason).toMatchObject({
      code: 'ABORTED',
      message: 'the lease away could not be renewed for 30000 ms; try again',
    });
  });
});

describe('work under a lease', () => {
  it('is done by one after the other, and nobody forgets to give it back', async () => {
    let running = 0;
    const most: number[] = [];
    const work = async (fails: boolean): Promise<void> => {
      most.push((running += 1));
      await Promise.resolve();
      running -= 1;
      if (fails) throw new Error('work failed');
    };
    const done = await Promise.allSettled(
      [false, true, false, true].map((fails) => withLease(db(), 'work', NEVER, () => work(fails))),
    );
    expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(Math.max(...most)).toBe(1);
    expect(await tryLease(db(), 'work')).toBeDefined();
  });

  it('is not waited for by somebody who left', async () => {
    await tryLease(db(), 'busy');
    const stop = new AbortController();
    const waiting = withLease(db(), 'busy', stop.signal, () => Promise.resolve(expect.unreachable()));
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
