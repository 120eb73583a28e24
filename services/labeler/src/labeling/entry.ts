// What benchmarks and chaos runs put together anew: the leader's side and a worker's, with labels of their own making.
export { openLabelings, type Labelings, type LabelingsOptions } from './labelings.ts';
export { openShardQueue, type ShardQueue } from './shard-queue.ts';
export { workShards, type WorkShardsOptions } from './work-shards.ts';
export type { ShardLabels } from './label-shard.ts';
