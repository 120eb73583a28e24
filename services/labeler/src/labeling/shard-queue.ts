import { messageCodec, openWorkQueue, type EventConnection, type WorkQueue } from '@cassl/events';
import { LabelingShard } from '@cassl/proto';

/** What the labeler's replicas and their workers share, on this machine or another one. */
export type ShardQueue = WorkQueue<LabelingShard>;

export async function openShardQueue(connection: EventConnection, ackWaitMs: number): Promise<ShardQueue> {
  return openWorkQueue(connection, {
    name: 'shards',
    codec: messageCodec<LabelingShard>(LabelingShard),
    ackWaitMs,
  });
}
