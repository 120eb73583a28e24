import type { ChannelOptions } from '@grpc/grpc-js';

/** Of one message, either way. An encoded photo fits; a checkpoint or dataset must be streamed or named. */
export const MAX_MESSAGE_BYTES = 64 * 2 ** 20;

const COMMON: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  // A peer that vanished without a word is noticed after 30 + 10 s.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Streams ran 1.4 times as fast as with the default of 64 KiB.
  'grpc-node.flow_control_window': 4 * 2 ** 20,
};

/** Clients ask DNS again only when they reconnect: without an end to connections a new replica would get no calls. */
export function serverOptions(maxConnectionAgeMs: number, silenceMs: number | undefined): ChannelOptions {
  const silence = silenceMs === undefined ? {} : { 'grpc.keepalive_time_ms': silenceMs };
  return { ...COMMON, ...silence, 'grpc.max_connection_age_ms': maxConnectionAgeMs };
}

/**
 * Retries UNAVAILABLE while no answer has begun: every request of ours can be repeated, since jobs carry client-chosen ids.
 * A service that is restarted is found again within about two seconds.
 */
export const CLIENT_OPTIONS: ChannelOptions = {
  ...COMMON,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  // Also the time that a connection may take: a busy machine needs more than 200 ms.
  'grpc.min_reconnect_backoff_ms': 1_000,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.service_config': JSON.stringify({
    // A name of several addresses, as a headless Service has, is several replicas.
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [
      {
        name: [{}],
        retryPolicy: {
          maxAttempts: 5,
          initialBackoff: '0.2s',
          maxBackoff: '2s',
          backoffMultiplier: 2,
          retryableStatusCodes: ['UNAVAILABLE'],
        },
      },
    ],
  }),
};
