import { constants, type ServerHttp2Stream } from 'node:http2';
import { totalmem } from 'node:os';
import { createGunzip, createInflate } from 'node:zlib';
import { ServerInterceptingCall, status, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { MAX_MESSAGE_BYTES } from './channel-options.ts';

/** Of each call, so that probes and small questions are answered whatever the others send: what HTTP/2 lets in anyway. */
const FREE_BYTES = 2 ** 16;
const SHARE_OF_MEMORY = 1 / 8;
/** Room for four of the largest messages, and for sixteen. */
const LEAST_BYTES = 4 * MAX_MESSAGE_BYTES;
const MOST_BYTES = 16 * MAX_MESSAGE_BYTES;
/** Within which a status has left. */
const STATUS_MS = 250;
/** A message's compression flag and length (gRPC over HTTP/2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5;

/** An eighth of the memory that this process may use, from 256 MiB to 1 GiB. */
function usualBytes(): number {
  const memory = Math.min(process.constrainedMemory() || Infinity, totalmem());
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.floor(SHARE_OF_MEMORY * memory)));
}

/** A status, as grpc-js throws and sends it. */
class Refusal extends Error {
  readonly code: status;
  readonly details: string;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

/**
 * Bytes of the requests of all calls, those that come slowly and in part too, until they are answered. grpc-js bounds a message,
 * and nothing bounds how many callers send one: a call whose bytes find no room ends with RESOURCE_EXHAUSTED.
 */
export class RequestBytes {
  readonly #most: number;
  #held = 0;

  /** @param most @default an eighth of the memory, from 256 MiB to 1 GiB */
  constructor(most = usualBytes()) {
    this.#most = most;
  }

  /** Held by all calls, without the first 64 KiB of each. */
  get bytes(): number {
    return this.#held;
  }

  /** @returns why there is no room, and then nothing is taken */
  take(bytes: number): Refusal | undefined {
    if (this.#held + bytes > this.#most)
      return new Refusal(
        status.RESOURCE_EXHAUSTED,
        `the requests of all calls hold ${this.#held} bytes and ${bytes} more are over the limit of ${this.#most}; try again`,
      );
    this.#held += bytes;
    return undefined;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }

  /** Counts what comes on `stream`, from now until it closes. */
  count(
    { requestStream, responseStream }: { readonly requestStream: boolean; readonly responseStream: boolean },
    call: ServerInterceptingCallInterface,
    stream: ServerHttp2Stream,
  ): ServerInterceptingCallInterface {
    const requests = new CallRequests(this);
    const refuse = (refusal: Refusal): void => {
      stream.off('data', take);
      call.sendStatus({ code: refusal.code, details: refusal.details });
      requests.end();
      dropPartial(call);
      // The client may send on; at once the end would overtake the status.
      const end = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), STATUS_MS);
      stream.once('close', () => clearTimeout(end));
    };
    const take = (data: Buffer): void => {
      const refusal = requests.receive(data);
      if (refusal !== undefined) refuse(refusal);
    };
    stream.on('data', take);
    stream.once('close', () => requests.end());
    unpackCounted(call, requests);
    return requestStream ? new CountedStream(call, requests, responseStream) : call;
  }
}

/** What one call holds: whole messages, oldest first, and the one that is coming. */
class CallRequests {
  readonly #all: RequestBytes;
  readonly #whole: number[] = [];
  /** Of the prefix and of the message that come, what is there. */
  #prefix = Buffer.alloc(0);
  #coming = 0;
  #missing = 0;
  /** Of the call, and of that what counts among all. */
  #held = 0;
  #counted = 0;
  #hasEnded = false;

  constructor(all: RequestBytes) {
    this.#all = all;
  }

  receive(data: Buffer): Refusal | undefined {
    for (let at = 0; at < data.length;) {
      if (this.#prefix.length < PREFIX_BYTES) {
        const more = data.subarray(at, at + PREFIX_BYTES - this.#prefix.length);
        this.#prefix = Buffer.concat([this.#prefix, more]);
        at += more.length;
        if (this.#prefix.length < PREFIX_BYTES) break;
        this.#missing = this.#prefix.readUInt32BE(1);
      }
      const more = Math.min(this.#missing, data.length - at);
      at += more;
      this.#missing -= more;
      this.#coming += more;
      if (this.#missing > 0) break;
      this.#whole.push(this.#coming);
      this.#coming = 0;
      this.#prefix = Buffer.alloc(0);
    }
    return this.add(data.length);
  }

  /** Bytes that were none of the wire's are of the newest message. */
  unpacked(bytes: number): Refusal | undefined {
    const newest = this.#whole.length - 1;
    if (newest >= 0) this.#whole[newest] = (this.#whole[newest] ?? 0) + bytes;
    return this.add(bytes);
  }

  add(bytes: number): Refusal | undefined {
    if (this.#hasEnded) return undefined;
    this.#held += bytes;
    const counted = Math.max(0, this.#held - FREE_BYTES);
    const refusal = this.#all.take(Math.max(0, counted - this.#counted));
    if (refusal === undefined) this.#counted = Math.max(counted, this.#counted);
    return refusal;
  }

  /** The oldest whole message is answered. */
  answered(): void {
    this.#release(this.#whole.shift() ?? 0);
  }

  /** All whole messages are done with. */
  taken(): void {
    this.#release(this.#whole.splice(0).reduce((sum, bytes) => sum + bytes, 0));
  }

  end(): void {
    this.#hasEnded = true;
    this.#all.giveBack(this.#counted);
    this.#counted = 0;
  }

  #release(bytes: number): void {
    if (this.#hasEnded) return;
    this.#held -= bytes;
    const counted = Math.min(this.#counted, Math.max(0, this.#held - FREE_BYTES));
    this.#all.giveBack(this.#counted - counted);
    this.#counted = counted;
  }
}

/** A message of a stream is done with when it is answered or, where only the last has an answer, when the next is read. */
class CountedStream extends ServerInterceptingCall {
  readonly #requests: CallRequests;
  readonly #answersEach: boolean;

  constructor(call: ServerInterceptingCallInterface, requests: CallRequests, answersEach: boolean) {
    super(call);
    this.#requests = requests;
    this.#answersEach = answersEach;
  }

  override startRead(): void {
    if (!this.#answersEach) this.#requests.taken();
    super.startRead();
  }

  override sendMessage(message: unknown, callback: () => void): void {
    if (this.#answersEach) this.#requests.answered();
    super.sendMessage(message, callback);
  }
}

/** What has come of a message is held by grpc-js until the stream closes, though nobody will read it. */
function dropPartial(call: ServerInterceptingCallInterface): void {
  const { decoder } = call as unknown as { readonly decoder?: { readPartialMessage?: Buffer[] } };
  if (decoder?.readPartialMessage !== undefined) decoder.readPartialMessage = [];
}

interface Unpacking {
  decompressMessage?: (message: Buffer, encoding: string) => Buffer | Promise<Buffer>;
}

/** As grpc-js does it, but counted as it grows: a thousandth of the bytes is enough for a message of zeros. */
function unpackCounted(call: ServerInterceptingCallInterface, requests: CallRequests): void {
  const base = call as unknown as Unpacking;
  const plain = base.decompressMessage?.bind(call);
  if (plain === undefined) return;
  base.decompressMessage = (message, encoding) =>
    encoding === 'gzip' || encoding === 'deflate'
      ? unpack(message, encoding, requests)
      : plain(message, encoding);
}

async function unpack(
  message: Buffer,
  encoding: 'gzip' | 'deflate',
  requests: CallRequests,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  const decoder = encoding === 'gzip' ? createGunzip() : createInflate();
  decoder.end(message.subarray(PREFIX_BYTES));
  try {
    for await (const part of decoder as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_MESSAGE_BYTES)
        throw new Refusal(
          status.RESOURCE_EXHAUSTED,
          `Received message that decompresses to a size larger than ${MAX_MESSAGE_BYTES}`,
        );
      const refusal = requests.unpacked(part.length);
      if (refusal !== undefined) throw refusal;
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(status.INTERNAL, 'Failed to decompress message');
  }
  return Buffer.concat(parts, size);
}
