import { nanos } from '@nats-io/transport-node';
import {
  AckPolicy,
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { EventConnection } from './connect-events.ts';
import { keepAsking } from './keep-asking.ts';
import { hasApiCode } from './nats-error.ts';

/** "Stream name already in use with a different configuration". */
const STREAM_NAME_IN_USE = 10058;
/** "Consumer already exists", with different settings. */
const CONSUMER_EXISTS = 10148;

export type StreamOptions = Partial<StreamConfig> & { name: string; subjects: string[] };

/** Makes a stream on disk, or brings the one of that name to these settings. Safe to repeat and to race. */
export async function ensureStream(connection: EventConnection, options: StreamOptions): Promise<void> {
  const { streams } = connection.jsm;
  const config = { storage: StorageType.File, num_replicas: connection.replicas, ...options };
  await keepAsking(connection, `make stream ${options.name}`, async () => {
    try {
      await streams.add(config);
    } catch (error) {
      if (!hasApiCode(error, STREAM_NAME_IN_USE)) throw error;
      await streams.update(options.name, config);
    }
  });
}

/** Makes a durable pull consumer with explicit acks, or brings it to these settings. */
export async function ensureConsumer(
  connection: EventConnection,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  const { consumers } = connection.jsm;
  await keepAsking(connection, `make consumer ${config.durable_name} of stream ${stream}`, async () => {
    try {
      await consumers.add(stream, { ack_policy: AckPolicy.Explicit, ...config });
    } catch (error) {
      // Servers before 2.10 take the new settings with the same request.
      if (!hasApiCode(error, CONSUMER_EXISTS)) throw error;
      await consumers.update(stream, config.durable_name, config);
    }
  });
}

/** A stream of facts that fade: the oldest go first, by age or number. Not by bytes, which the server would reserve on disk at once. */
export function fadingStream(
  name: string,
  subjects: string[],
  limits: { readonly maxAgeMs: number; readonly maxItems: number },
): StreamOptions {
  return {
    name,
    subjects,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(limits.maxAgeMs),
    max_msgs: limits.maxItems,
  };
}
