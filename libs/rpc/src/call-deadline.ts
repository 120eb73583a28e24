import { ServerInterceptingCall, ServerListenerBuilder, type ServerInterceptor } from '@grpc/grpc-js';
import type { Metadata } from 'nice-grpc';

const HEADER = 'x-cassl-deadline';

/**
 * grpc-js knows when a call's deadline is and nice-grpc does not pass it on: it travels in a header of our own, which
 * callers cannot set.
 */
export const passDeadline: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next(
        new ServerListenerBuilder()
          .withOnReceiveMetadata((metadata, proceed) => {
            const deadline = Number(call.getDeadline());
            if (Number.isFinite(deadline)) metadata.set(HEADER, String(deadline));
            else metadata.remove(HEADER);
            proceed(metadata);
          })
          .build(),
      ),
  });

/** Unix time in milliseconds when the caller stops waiting; Infinity where it waits for ever. */
export function deadlineOf(metadata: Metadata): number {
  const value = metadata.get(HEADER);
  return value === undefined ? Infinity : Number(value);
}
