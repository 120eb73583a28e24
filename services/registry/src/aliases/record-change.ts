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
  // Sequence numbers are given at insert, not at commit: one at a time, or a watcher could step over a slow transaction.
  await sql`select pg_advisory_xact_lock(7100)`.execute(transaction);
  await transaction
    .insertInto('changes')
    .values({
      change: Buffer.from(RegistryServiceWatchResponse.encode({ change }).finish()),
      event: event === undefined ? null : Buffer.from(event),
    })
    .execute();
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
