import type { MsgHdrs } from '@nats-io/transport-node';
import { withTrace } from './trace-message.ts';

/** What an item is besides its payload; travels in message headers. */
export interface ItemIdentity {
  readonly job: string;
  /** Position in the job, for example "17"; with `job` and `epoch` it names the item. */
  readonly id: string;
  /** Items of an earlier epoch of their job than the current one are dropped. */
  readonly epoch: number;
  /** Tells copies of an item apart: it was put back after it had been given up, refilled, or handed back. */
  readonly copy: string;
  /** Attempts that earlier copies of this item have used up. */
  readonly spent: number;
}

/** An item in the hands of a worker. */
export interface WorkItem<T> extends ItemIdentity {
  readonly payload: T;
  /** 1 for the first; handing back and outages do not count. */
  readonly attempt: number;
  /** Whether it is given up if this attempt fails. */
  readonly isLastAttempt: boolean;
  /** Aborted when the job is cancelled, or when this worker must stop. */
  readonly signal: AbortSignal;
}

/** An item that was given up. */
export interface DeadItem<T> extends ItemIdentity {
  readonly payload: T;
  /** Why: the last error, or that no worker answered. */
  readonly reason: string;
  readonly attempts: number;
  readonly diedAt: Date;
  /** Position in the stream of dead items. */
  readonly sequence: number;
}

const NAMES = {
  id: 'Cassl-Id',
  epoch: 'Cassl-Epoch',
  copy: 'Cassl-Copy',
  spent: 'Cassl-Spent',
  reason: 'Cassl-Reason',
} as const;

/** Remembered by the server for two minutes, even after the item was done: each copy needs an id of its own. */
export function messageId({ job, id, epoch, copy }: ItemIdentity): string {
  return `${job}.${epoch}.${id}.${copy}`;
}

export function itemHeaders(item: ItemIdentity, reason?: string): MsgHdrs {
  const header = withTrace();
  header.set(NAMES.id, item.id);
  header.set(NAMES.epoch, String(item.epoch));
  if (item.copy !== '') header.set(NAMES.copy, item.copy);
  if (item.spent > 0) header.set(NAMES.spent, String(item.spent));
  // Header values are one line.
  if (reason !== undefined) header.set(NAMES.reason, reason.replaceAll(/\s+/g, ' ').slice(0, 1_000));
  return header;
}

export function itemIdentity(message: {
  readonly subject: string;
  readonly headers?: MsgHdrs | undefined;
}): ItemIdentity {
  const header = message.headers;
  return {
    job: message.subject.slice(message.subject.lastIndexOf('.') + 1),
    id: header?.get(NAMES.id) ?? '',
    epoch: Number(header?.get(NAMES.epoch) ?? 0),
    copy: header?.get(NAMES.copy) ?? '',
    spent: Number(header?.get(NAMES.spent) ?? 0),
  };
}

export function deathReason(headersOfDead: MsgHdrs | undefined): string {
  return headersOfDead?.get(NAMES.reason) ?? '';
}
