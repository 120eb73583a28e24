import { randomUUID } from 'node:crypto';
import { Event, RegistryServiceWatchResponse } from '@cassl/proto';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../database/schema.ts';

type Change = NonNullable<RegistryServiceWatchResponse['change']>;

/**
 * Writes down a change in the transaction that makes it, so that watchers and the event stream miss none and hear of none
 * that was rolled back.
 */
export async function recordChange(transaction: Transaction<Database>, change: Change): Promise<void> {
  const fact = factOf(change);
  const event =
    fact && Event.encode({ id: randomUUID(), occurredAt: new Date(), source: 'registry', fact }).finish();
  const sequence = await nextSequence(transaction);
  await transaction
    .insertInto('changes')
    .values({
      sequence,
      change: Buffer.from(RegistryServiceWatchResponse.encode({ change }).finish()),
      event: event === undefined ? null : Buffer.from(event),
      created_at: new Date(),
    })
    .execute();
}

/** Raising the counter locks it until the commit: a watcher cannot step over a slow transaction with a smaller number. */
async function nextSequence(transaction: Transaction<Database>): Promise<number> {
  const { value } = await transaction
    .updateTable('counters')
    .set({ value: sql<number>`value + 1` })
    .where('name', '=', 'changes')
    .returning('value')
    .executeTakeFirstOrThrow();
  return Number(value);
}

function factOf(change: Change): Event['fact'] {
  switch (change.$case) {
    case 'published': {
      const { digest, sizeBytes, manifest } = change.value;
      const stage = manifest?.stage ?? 'STAGE_UNSPECIFIED';
      return { $case: 'checkpointPublished', value: { digest, sizeBytes, stage } };
    }
    case 'aliasMoved':
      return { $case: 'aliasMoved', value: { change: change.value } };
    case 'deletedDigest':
    case 'evaluatedDigest':
      return undefined;
  }
}
