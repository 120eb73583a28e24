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
import { fromNatsError, hasApiCode } from './nats-error.ts';

/** "Stream name already in use with a different configuration". */
const STREAM_NAME_IN_USE = 10058;

export type StreamOptions = Partial<StreamConfig> & { name: string; subjects: string[] };

/** Makes a stream on disk, or brings the one of that name to these settings. Safe to repeat and to race. */
export async function ensureStream(
  { jsm, replicas }: EventConnection,
  options: StreamOptions,
): Promise<void> {
  const config = { storage: StorageType.File, num_replicas: replicas, ...options };
  try {
    await jsm.streams.add(config);
  } catch (error) {
    if (!hasApiCode(error, STREAM_NAME_IN_USE)) throw fromNatsError(error, `make stream ${options.name}`);
    await jsm.streams.update(options.name, config).catch((cause: unknown) => {
      throw fromNatsError(cause, `update stream ${options.name}`);
    });
  }
}

/** Makes a durable pull consumer with explicit acks, or brings it to these settings. */
export async function ensureConsumer(
  { jsm }: EventConnection,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  await jsm.consumers.add(stream, { ack_policy: AckPolicy.Explicit, ...config }).catch((cause: unknown) => {
    throw fromNatsError(cause, `make consumer ${config.durable_name} of stream ${stream}`);
  });
}

/** A stream of facts that fade: the oldest go first, by age or size. */
export function fadingStream(
  name: string,
  subjects: string[],
  limits: { readonly maxAgeMs: number; readonly maxBytes: number },
): StreamOptions {
  return {
    name,
    subjects,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(limits.maxAgeMs),
    max_bytes: limits.maxBytes,
  };
}
