import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { aborted } from '@cassl/errors';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Replicas whose clocks differ by more than this take work from each other; what they write is fenced all the same. */
const LEASE_MS = 30_000;
const FIRST_WAIT_MS = 25;
const LONGEST_WAIT_MS = 1_000;

/** The right to do something alone, among all replicas, until it is released or its holder falls silent. */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  /** An earlier holder did not give it back: it may be paused rather than dead. */
  readonly isTakenOver: boolean;
  /** Aborted when it could not be renewed in time. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

/** @returns `undefined` while another holds it */
export async function tryLease(db: Kysely<Database>, name: string): Promise<Lease | undefined> {
  const owner = randomUUID();
  const isFresh = await insert(db, name, owner);
  if (!isFresh && !(await takeOver(db, name, owner))) return undefined;
  const lost = new AbortController();
  const isTakenOver = !isFresh;
  let renewedMs = performance.now();
  const keep = async (): Promise<void> => {
    const askedMs = performance.now();
    const isHeld = await renew(db, name, owner);
    if (isHeld === true) renewedMs = askedMs;
    if (isHeld === false) lost.abort(aborted('another replica took this work over; try again'));
    // A database that is away for so long may have given it to somebody else.
    else if (performance.now() - renewedMs >= LEASE_MS)
      lost.abort(aborted(`the lease ${name} could not be renewed for ${LEASE_MS} ms; try again`));
  };
  const timer = setInterval(() => void keep(), LEASE_MS / 3);
  timer.unref();
  return {
    name,
    owner,
    isTakenOver,
    signal: lost.signal,
    async release() {
      clearInterval(timer);
      await db.deleteFrom('leases').where('name', '=', name).where('owner', '=', owner).execute();
    },
  };
}

/** Waits for the lease, runs the action and releases. */
export async function withLease<T>(
  db: Kysely<Database>,
  name: string,
  signal: AbortSignal,
  action: (lease: Lease) => Promise<T>,
): Promise<T> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const lease = await tryLease(db, name);
    if (lease !== undefined) return running(lease, action);
    await sleep(waitMs * (0.5 + Math.random()), undefined, { signal });
  }
}

async function running<T>(lease: Lease, action: (lease: Lease) => Promise<T>): Promise<T> {
  try {
    return await action(lease);
  } finally {
    // One that cannot be given back runs out.
    await lease.release().catch(() => undefined);
  }
}

/** @throws ABORTED when the lease is another's by now; nobody takes it before the transaction ends */
export async function checkLease(transaction: Transaction<Database>, { name, owner }: Lease): Promise<void> {
  const row = await transaction
    .updateTable('leases')
    .set({ expires_at: new Date(Date.now() + LEASE_MS) })
    .where('name', '=', name)
    .where('owner', '=', owner)
    .returning('name')
    .executeTakeFirst();
  if (row === undefined) throw aborted('another replica took this work over; try again');
}

/** The data folder's only process begins: whoever held a lease is dead. */
export async function dropLeases(db: Kysely<Database>): Promise<void> {
  await db.deleteFrom('leases').execute();
}

async function insert(db: Kysely<Database>, name: string, owner: string): Promise<boolean> {
  const row = await db
    .insertInto('leases')
    .values({ name, owner, expires_at: new Date(Date.now() + LEASE_MS) })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning('owner')
    .executeTakeFirst();
  return row !== undefined;
}

async function takeOver(db: Kysely<Database>, name: string, owner: string): Promise<boolean> {
  const row = await db
    .updateTable('leases')
    .set({ owner, expires_at: new Date(Date.now() + LEASE_MS) })
    .where('name', '=', name)
    .where('expires_at', '<', new Date())
    .returning('owner')
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether it is still this owner's; `undefined` while the database is away. */
async function renew(db: Kysely<Database>, name: string, owner: string): Promise<boolean | undefined> {
  try {
    const row = await db
      .updateTable('leases')
      .set({ expires_at: new Date(Date.now() + LEASE_MS) })
      .where('name', '=', name)
      .where('owner', '=', owner)
      .returning('owner')
      .executeTakeFirst();
    return row !== undefined;
  } catch {
    return undefined;
  }
}
