import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';

/** HTTP/2's own: what a call may have on its way to a handler that does not read. */
const NARROW_BYTES = 2 ** 16 - 1;
/** The same of a call that may hurry. */
const WIDE_BYTES = 2 ** 20;
/** Of a whole connection: a few calls that stand still leave room for the others. */
const CONNECTION_BYTES = 16 * WIDE_BYTES;
/** Calls that may hurry at a time: with `WIDE_BYTES` the bound on what a process holds for those that stand still. */
const MOST_WIDE = 128;

interface Connection {
  isWide: boolean;
  readonly calls: Set<ServerHttp2Stream>;
  /** Of its calls those that count as wide, until they end: what they were sent may still lie here. */
  readonly counted: Set<ServerHttp2Stream>;
}

/**
 * Lets clients send more than HTTP/2's 64 KiB before they must wait for leave, while there are few calls. grpc-js widens the windows
 * of its clients (`grpc-node.flow_control_window`) but not those of its servers, where an upload then waits four times a message;
 * but a wide window of each of a thousand calls that stand still is a gigabyte.
 */
export class CallWindows {
  readonly #connections = new Map<ServerHttp2Session, Connection>();
  #wide = 0;
  /** Some connection's calls may hurry. */
  #isAnyWide = false;

  /** Bytes that the open calls were let send ahead of their handlers. */
  get bytes(): number {
    let calls = 0;
    for (const connection of this.#connections.values()) calls += connection.calls.size;
    return this.#wide * WIDE_BYTES + (calls - this.#wide) * NARROW_BYTES;
  }

  /** Counts a call until it ends. */
  take(session: ServerHttp2Session, stream: ServerHttp2Stream): void {
    const connection = this.#connectionOf(session);
    connection.calls.add(stream);
    stream.once('close', () => {
      connection.calls.delete(stream);
      if (connection.counted.delete(stream)) this.#wide -= 1;
    });
    const uncounted = connection.calls.size - connection.counted.size;
    // A connection that was narrowed is widened again only with room to spare, not at every call that ends.
    const most = connection.isWide || connection.calls.size === 1 ? MOST_WIDE : MOST_WIDE / 2;
    if (this.#wide + uncounted <= most) {
      this.#wide += uncounted;
      for (const call of connection.calls) connection.counted.add(call);
      connection.isWide = true;
      this.#isAnyWide = true;
      apply(session, connection);
    } else if (this.#isAnyWide) {
      this.#isAnyWide = false;
      for (const [other, one] of this.#connections) {
        one.isWide = false;
        apply(other, one);
      }
    }
  }

  #connectionOf(session: ServerHttp2Session): Connection {
    const known = this.#connections.get(session);
    if (known !== undefined) return known;
    const connection: Connection = { isWide: false, calls: new Set(), counted: new Set() };
    this.#connections.set(session, connection);
    session.on('localSettings', () => apply(session, connection));
    session.once('close', () => this.#connections.delete(session));
    if (!session.destroyed && !session.closed) session.setLocalWindowSize(CONNECTION_BYTES);
    return connection;
  }
}

/** One change of the settings is under way at a time: a client that does not answer would be owed ever more. */
function apply(session: ServerHttp2Session, { isWide }: Connection): void {
  if (session.destroyed || session.closed || session.pendingSettingsAck) return;
  const initialWindowSize = isWide ? WIDE_BYTES : NARROW_BYTES;
  if (session.localSettings.initialWindowSize !== initialWindowSize) session.settings({ initialWindowSize });
}
