export { connectEvents, type ConnectEventsOptions, type EventConnection } from './connect-events.ts';
export { eventKind, type EventKind, type JobKind } from './event-kind.ts';
export { openEvents, type EventBus, type NewEvent, type SubscribeOptions } from './events.ts';
export { jsonCodec, messageCodec, type Codec } from './codec.ts';
export { openJobStore, type JobChange, type JobRecord, type JobStore } from './job-store.ts';
export { openLeases, type Lease, type Leases } from './leases.ts';
export {
  findNatsServer,
  findNatsServers,
  startNatsServer,
  type NatsServer,
  type StartNatsServerOptions,
} from './start-nats-server.ts';
export {
  openWorkQueue,
  type LaneChanges,
  type NewItem,
  type QueueCounts,
  type WorkQueue,
} from './work-queue.ts';
export type { WorkQueueOptions } from './queue-parts.ts';
export type { ItemEnd, ProcessOptions } from './process-options.ts';
export type { DeadItem, ItemIdentity, WorkItem } from './work-item.ts';
export type { Lane } from './lanes.ts';
export { failpoint, type FailpointName } from './failpoint.ts';
export type { BrokerCredentials } from './broker-credentials.ts';
export { BROKER_USERS, brokerRights, type BrokerRights, type BrokerUser } from './rights/broker-rights.ts';
export { passwordVariable, usersConfig } from './rights/users-config.ts';
