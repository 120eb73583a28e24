import type { ServerHttp2Stream } from 'node:http2';
import { Writable } from 'node:stream';
import { ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { cancelled, internal } from '@cassl/errors';

/** A message's compression flag and length (gRPC over HTTP/2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;
const MAX_PIECE_BYTES = 2 ** 20;

export interface EncodedOptions {
  /** The bytes of a message before so many bytes of its last field, tag and length of that field included. */
  readonly head: (bytes: number) => Uint8Array;
  /** Writes the bytes that are cut into messages, of at most 1 MiB each, as they come; waits for back pressure. */
  readonly write: (sink: Writable) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Messages of one stream whose last field is bytes, put on the wire as the bytes come. An encoder copies every byte four
 * times into memory of its own, which cost three times as much as all the rest of a download; here the writer's buffers go
 * to the socket and can be used again as soon as it has them.
 * @returns what a streaming handler passes on: `yield* encodedMessages<Response>({ … })`
 */
export async function* encodedMessages<Message>(options: EncodedOptions): AsyncGenerator<Message> {
  const messages = new EncodedMessages(options);
  // Takes a message's place on its way through the wrappers around handlers, until the call below finds it.
  yield messages as Message;
  await messages.written(options.signal);
}

class EncodedMessages {
  readonly #options: EncodedOptions;
  readonly #over = Promise.withResolvers<void>();

  constructor(options: EncodedOptions) {
    this.#options = options;
    // Who asks for it may come later than the failure.
    this.#over.promise.catch(() => undefined);
  }

  async writeTo(stream: ServerHttp2Stream | undefined): Promise<void> {
    const { head, write } = this.#options;
    const sink = stream && framed(stream, head);
    try {
      if (sink === undefined) throw internal('this release of grpc-js keeps its HTTP/2 stream to itself');
      await write(sink);
      this.#over.resolve();
    } catch (error) {
      this.#over.reject(error);
    } finally {
      sink?.destroy();
    }
  }

  /** A call that was cancelled may never come to write. */
  async written(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#over.reject(cancelled('the client went away'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#over.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** A call that also takes `encodedMessages`. */
export class EncodedCall extends ServerInterceptingCall {
  readonly #stream: ServerHttp2Stream | undefined;

  constructor(call: ServerInterceptingCallInterface, stream: ServerHttp2Stream | undefined) {
    super(call);
    this.#stream = stream;
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (message instanceof EncodedMessages) void message.writeTo(this.#stream).finally(callback);
    else super.sendMessage(message, callback);
  }
}

/** Every write becomes messages; its callback comes when the socket has the bytes. */
function framed(stream: ServerHttp2Stream, head: EncodedOptions['head']): Writable {
  const onClose = (): void => void sink.destroy();
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      stream.cork();
      for (let at = 0; at < chunk.length; at += MAX_PIECE_BYTES) {
        const piece = chunk.subarray(at, at + MAX_PIECE_BYTES);
        stream.write(prefixed(head(piece.length), piece.length));
        if (at + piece.length < chunk.length) stream.write(piece);
        else stream.write(piece, done);
      }
      stream.uncork();
    },
    destroy(error, done) {
      stream.off('close', onClose);
      done(error);
    },
  });
  stream.once('close', onClose);
  if (stream.destroyed) sink.destroy();
  return sink;
}

function prefixed(head: Uint8Array, pieceBytes: number): Buffer {
  const bytes = Buffer.alloc(PREFIX_BYTES + head.length);
  bytes.writeUInt32BE(head.length + pieceBytes, 1);
  bytes.set(head, PREFIX_BYTES);
  return bytes;
}
