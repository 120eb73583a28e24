import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, unavailable } from '@cassl/errors';
import { AliasChange, Checkpoint, RegistryServiceWatchResponse } from '@cassl/proto';
import type { Selectable } from 'kysely';
import { wakeUp } from '../aliases/watch-changes.ts';
import { tryLease } from '../database/lease.ts';
import { asDate, type Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';

const POLL_MS = 5_000;
const DELIVERY_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 300_000;

type Hook = Selectable<Database['webhooks']>;

/** Posts changes to every registered address until the signal aborts; one that does not answer holds up no other. */
export async function deliverWebhooks(registry: Registry, signal: AbortSignal): Promise<void> {
  const running = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    const woken = wakeUp(registry, POLL_MS, signal);
    try {
      for (const { id } of await registry.db.selectFrom('webhooks').select('id').execute()) {
        if (running.has(id)) continue;
        running.set(
          id,
          deliverAll(registry, id, signal).finally(() => running.delete(id)),
        );
      }
    } catch (error) {
      registry.logger.warn({ reason: errorMessage(error) }, 'webhooks wait for the database');
    }
    await woken(false);
  }
  await Promise.all(running.values());
}

/** What waits for one address, in order, by one replica; a delivery that fails is tried again, ever more slowly. */
async function deliverAll(registry: Registry, id: string, signal: AbortSignal): Promise<void> {
  const { db, logger } = registry;
  const lease = await tryLease(db, `webhook/${id}`).catch(() => undefined);
  if (lease === undefined) return;
  const stop = AbortSignal.any([signal, lease.signal]);
  try {
    for (let failures = 0; !stop.aborted;) {
      const hook = await db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
      const next = hook && (await nextFor(registry, hook));
      if (hook === undefined || next === undefined) return;
      const error = next.body === undefined ? '' : await post(hook, next, stop);
      if (error === '') failures = 0;
      const done = error === '' ? { position: next.sequence, last_error: '' } : { last_error: error };
      await db.updateTable('webhooks').set(done).where('id', '=', id).execute();
      if (error === '') continue;
      logger.warn(
        { webhook: id, sequence: next.sequence, reason: error },
        'a webhook could not be delivered',
      );
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** failures++, LONGEST_RETRY_MS);
      await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
    }
  } catch (error) {
    logger.warn({ webhook: id, reason: errorMessage(error) }, 'a webhook waits for the database');
  } finally {
    await lease.release().catch(() => undefined);
  }
}

interface Delivery {
  readonly sequence: number;
  readonly at: Date;
  /** JSON; `undefined` for a change that this address did not ask for. */
  readonly body: string | undefined;
}

async function nextFor({ db }: Registry, hook: Hook): Promise<Delivery | undefined> {
  const row = await db
    .selectFrom('changes')
    .select(['sequence', 'change', 'created_at'])
    .where('sequence', '>', Number(hook.position))
    .orderBy('sequence')
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const at = asDate(row.created_at);
  const { change } = RegistryServiceWatchResponse.decode(row.change);
  const told = change && describe(change, hook.alias_prefix);
  const body = told && JSON.stringify({ ...told, timestamp: at.toISOString() });
  return { sequence: Number(row.sequence), at, body };
}

type Change = NonNullable<RegistryServiceWatchResponse['change']>;

function describe(change: Change, aliasPrefix: string): { type: string; data: unknown } | undefined {
  if (change.$case !== 'aliasMoved' && aliasPrefix !== '') return undefined;
  switch (change.$case) {
    case 'aliasMoved':
      if (!change.value.alias.startsWith(aliasPrefix)) return undefined;
      return { type: 'alias.moved', data: AliasChange.toJSON(change.value) };
    case 'published':
      return { type: 'checkpoint.published', data: Checkpoint.toJSON(change.value) };
    case 'deletedDigest':
      return { type: 'checkpoint.deleted', data: { digest: change.value } };
    case 'evaluatedDigest':
      return { type: 'checkpoint.evaluated', data: { digest: change.value } };
  }
}

/** @returns why it failed, empty when the address took it */
async function post(hook: Hook, { sequence, body = '' }: Delivery, signal: AbortSignal): Promise<string> {
  try {
    const id = `${hook.id}.${sequence}`;
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const response = await fetch(hook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatureOf(hook.secret, { id, timestamp, body }),
      },
      body,
      // Where it leads was not registered.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_MS)]),
    });
    await response.body?.cancel();
    if (response.status >= 200 && response.status < 300) return '';
    throw unavailable(`it answered ${response.status}`);
  } catch (error) {
    return errorMessage(error).slice(0, 500);
  }
}

/** The symmetric scheme of https://www.standardwebhooks.com: receivers verify it with that project's libraries. */
export function signatureOf(
  secret: string,
  message: { readonly id: string; readonly timestamp: string; readonly body: string },
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = `${message.id}.${message.timestamp}.${message.body}`;
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
