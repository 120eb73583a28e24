import {
  messageCodec,
  openJobStore,
  openWorkQueue,
  type EventConnection,
  type JobStore,
  type WorkQueue,
} from '@cassl/events';
import { LabelingShard, LabelingShardResult } from '@cassl/proto';

/** What the labeler and its workers share, on this machine or another one. */
export interface ShardQueue {
  readonly queue: WorkQueue<LabelingShard>;
  /** Results by `resultKey`, each made once: who comes second has done nothing. */
  readonly results: JobStore<LabelingShardResult>;
}

export async function openShardQueue(connection: EventConnection, ackWaitMs: number): Promise<ShardQueue> {
  return {
    queue: await openWorkQueue(connection, {
      name: 'shards',
      codec: messageCodec<LabelingShard>(LabelingShard),
      ackWaitMs,
    }),
    results: await openJobStore(connection, {
      name: 'labeling-shards',
      codec: messageCodec<LabelingShardResult>(LabelingShardResult),
    }),
  };
}

export function resultKey(labelingId: string, index: number): string {
  return `${labelingId}.${String(index).padStart(6, '0')}`;
}
