import type { JsMsg, StoredMsg } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';

/** What an item is besides its payload; travels in message headers. */
export interface ItemIdentity {
  readonly job: string;
  /** Position in the job, for example "17"; with `job` and `epoch` it names the item. */
  readonly id: string;
  /** Items of an earlier epoch of their job than the current one are dropped. */
  readonly epoch: number;
  /** How often it was put back after it had been given up. */
  readonly requeues: number;
}

/** An item in the hands of a worker. */
export interface WorkItem<T> extends ItemIdentity {
  readonly payload: T;
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** Aborted when the job is cancelled, or when this worker must stop. */
  readonly signal: AbortSignal;
}

/** An item that was given up. */
export interface DeadItem<T> extends ItemIdentity {
  readonly payload: T;
  /** Why: the last error, or that no worker answered. */
  readonly reason: string;
  readonly diedAt: Date;
  /** Position in the stream of dead items. */
  readonly sequence: number;
}

const [ID, EPOCH, REQUEUES, REASON] = ['Cassl-Id', 'Cassl-Epoch', 'Cassl-Requeues', 'Cassl-Reason'] as const;

/** Remembered by the server for two minutes, even after the item was done: a requeue needs an id of its own. */
export function messageId({ job, id, epoch, requeues }: ItemIdentity): string {
  return `${job}.${epoch}.${id}.${requeues}`;
}

export function itemHeaders(item: ItemIdentity, reason?: string): MsgHdrs {
  const header = headers();
  header.set(ID, item.id);
  header.set(EPOCH, String(item.epoch));
  header.set(REQUEUES, String(item.requeues));
  // Header values are one line.
  if (reason !== undefined) header.set(REASON, reason.replaceAll(/\s+/g, ' ').slice(0, 1_000));
  return header;
}

export function itemIdentity(
  message: Pick<JsMsg | StoredMsg, 'subject'> & { headers?: MsgHdrs | undefined },
): ItemIdentity {
  const header = message.headers;
  return {
    job: message.subject.slice(message.subject.lastIndexOf('.') + 1),
    id: header?.get(ID) ?? '',
    epoch: Number(header?.get(EPOCH) ?? 0),
    requeues: Number(header?.get(REQUEUES) ?? 0),
  };
}

export function deathReason(message: StoredMsg): string {
  return message.header.get(REASON);
}
