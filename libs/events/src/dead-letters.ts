import { keepAsking, keepPublishing } from './keep-asking.ts';
import type { QueueParts } from './queue-parts.ts';
import { readSubject } from './read-subject.ts';
import {
  deathReason,
  itemHeaders,
  itemIdentity,
  messageId,
  type DeadItem,
  type ItemIdentity,
} from './work-item.ts';

/** Keeps a copy of an item among the dead ones, with the reason. Repeating it is harmless. */
export async function deadLetter<T>(
  { connection, deadSubject }: QueueParts<T>,
  item: ItemIdentity,
  payload: Uint8Array,
  reason: string,
): Promise<void> {
  await keepPublishing(connection, `put item ${item.job}/${item.id} aside`, () =>
    connection.js.publish(deadSubject(item.job), payload, {
      msgID: `dead.${messageId(item)}`,
      headers: itemHeaders(item, reason),
    }),
  );
}

/** Dead items of one job, or of all; the newest of each item. */
export async function listDead<T>(parts: QueueParts<T>, job: string | undefined): Promise<DeadItem<T>[]> {
  const { connection, codec, deadStream, deadSubject } = parts;
  return keepAsking(connection, `list ${deadStream}`, async () => {
    const items = new Map<string, DeadItem<T>>();
    const signal = AbortSignal.timeout(10_000);
    for await (const batch of readSubject(connection, {
      stream: deadStream,
      subject: deadSubject(job),
      signal,
      untilNewest: true,
    })) {
      for (const message of batch) {
        const identity = itemIdentity(message);
        items.set(`${identity.job}/${identity.id}`, {
          ...identity,
          payload: codec.decode(message.data),
          reason: deathReason(message.headers),
          attempts: identity.spent,
          diedAt: message.time,
          sequence: message.seq,
        });
      }
    }
    return [...items.values()];
  });
}

/** Takes an item from the dead ones after it was put back. */
export async function removeDead<T>(
  { connection, deadStream }: QueueParts<T>,
  sequence: number,
): Promise<void> {
  await connection.jsm.streams.deleteMessage(deadStream, sequence, false).catch(() => undefined);
}
