import type { ServerHttp2Session } from 'node:http2';

/** What one call may have on its way to a handler that does not read. */
const CALL_BYTES = 2 ** 20;
/** The same of a whole connection: a few calls that stand still leave room for the others. */
const CONNECTION_BYTES = 16 * CALL_BYTES;

/**
 * Lets a client send more than HTTP/2's 64 KiB before it must wait for leave. grpc-js widens the windows of its clients
 * (`grpc-node.flow_control_window`) but not those of its servers, where an upload then waits four times a message.
 */
export function widenWindow(session: ServerHttp2Session): void {
  if (session.destroyed || session.closed) return;
  session.settings({ initialWindowSize: CALL_BYTES });
  session.setLocalWindowSize(CONNECTION_BYTES);
}
