import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { CallWindows } from './call-windows.ts';
import { EncodedCall } from './encoded-messages.ts';
import { checkStatuses } from './outgoing-status.ts';
import type { RequestBytes } from './request-bytes.ts';

/** The notice of RFC 9113, 6.8: open no more streams here, but every one that is open or on its way is still served. */
const ANY_STREAM = 2 ** 31 - 1;
/** What clients had sent before they learned of the notice arrives within this time. */
const LINGER_MS = 250;
const CHECK_MS = 10;

/** Knows every call that the server has taken, until the last byte of its answer has left. */
export interface CallGate {
  readonly interceptor: ServerInterceptor;
  /** From now on calls are to be refused. */
  readonly isClosing: boolean;
  /**
   * Tells all connections to open no more calls, and waits until every call that was taken before is answered.
   * @returns false where `limitMs` passed first
   */
  close(limitMs: number): Promise<boolean>;
}

/**
 * grpc-js alone ends a connection as soon as it knows of no call on it; calls that were in the socket then end without a
 * status. Here the connection ends in two steps, as gRPC's other servers do it: first the notice, later the end.
 */
export function createCallGate(requestBytes: RequestBytes): CallGate {
  const sessions = new Set<ServerHttp2Session>();
  const taken = new Set<ServerHttp2Stream>();
  const windows = new CallWindows();
  let isClosing = false;

  const notify = (session: ServerHttp2Session): void => {
    if (!session.destroyed && !session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
  };
  const interceptor: ServerInterceptor = (method, call) => {
    // Not part of the interface; without it a stop is only as exact as grpc-js makes it.
    const { stream } = call as unknown as { readonly stream?: ServerHttp2Stream };
    if (stream?.session !== undefined) {
      const session = stream.session as ServerHttp2Session;
      if (!isClosing) {
        taken.add(stream);
        stream.once('close', () => taken.delete(stream));
      }
      if (!sessions.has(session)) {
        sessions.add(session);
        session.once('close', () => sessions.delete(session));
        if (isClosing) notify(session);
      }
      windows.take(session, stream);
    }
    checkStatuses(call);
    const counted = stream === undefined ? call : requestBytes.count(method, call, stream);
    return new EncodedCall(counted, stream);
  };
  return {
    interceptor,
    get isClosing() {
      return isClosing;
    },
    async close(limitMs) {
      const deadline = performance.now() + limitMs;
      isClosing = true;
      for (const session of sessions) notify(session);
      while (taken.size > 0 && performance.now() < deadline) await sleep(CHECK_MS);
      const isDone = taken.size === 0;
      if (sessions.size > 0) await sleep(Math.max(0, Math.min(LINGER_MS, deadline - performance.now())));
      return isDone;
    },
  };
}
