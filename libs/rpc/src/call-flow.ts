import {
  ServerInterceptingCall,
  ServerListenerBuilder,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Metadata } from 'nice-grpc';

const HEADER = 'x-cassl-flow';
/** Answers on their way while the handler makes the next. */
const MOST_UNSENT = 1;

/**
 * One streaming call between the wire and its handler. grpc-js reads sixteen messages ahead of a handler and takes sixteen answers
 * that the client does not, however large they are; here it is one message, and one answer.
 */
export class CallFlow {
  #requested = 0;
  #wanted = 0;
  #read: (() => void) | undefined;
  #given = 0;
  #sent = 0;
  #hasEnded = false;
  #changed = Promise.withResolvers<void>();

  /** The messages; one is fetched while the handler is busy with the one before it. */
  async *requests<Request>(messages: AsyncIterable<Request>): AsyncGenerator<Request> {
    for await (const message of messages) {
      this.#wanted += 1;
      this.#readOn();
      yield message;
    }
  }

  /** The answers, the next one only when the wire has taken those before the last. */
  async *answers<Response>(answers: AsyncIterable<Response>): AsyncGenerator<Response, void> {
    for await (const answer of answers) {
      this.#given += 1;
      yield answer;
      while (this.#given - this.#sent > MOST_UNSENT && !this.#hasEnded) await this.#changed.promise;
    }
  }

  /** Calls `read` as soon as the handler has taken the message before. */
  readWhenWanted(read: () => void): void {
    this.#read = read;
    this.#readOn();
  }

  sent(): void {
    this.#sent += 1;
    this.#tell();
  }

  end(): void {
    this.#hasEnded = true;
    this.#tell();
  }

  #readOn(): void {
    if (this.#read === undefined || this.#requested > this.#wanted) return;
    const read = this.#read;
    this.#read = undefined;
    this.#requested += 1;
    read();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** Finds the flow of a call behind the wrappers between grpc-js and its handler: its number travels in a header that callers cannot set. */
export interface CallFlows {
  readonly interceptor: ServerInterceptor;
  of(metadata: Metadata): CallFlow | undefined;
}

export function createCallFlows(): CallFlows {
  const flows = new Map<string, CallFlow>();
  let last = 0;
  return {
    interceptor: (method, call) => {
      if (!method.requestStream && !method.responseStream) return new ServerInterceptingCall(call);
      const flow = new CallFlow();
      const number = String((last += 1));
      return new FlowingCall(call, {
        flow,
        number,
        // A call that was cancelled before it began never gets there, and is never told of its end.
        begin: () => void flows.set(number, flow),
        end: () => {
          flows.delete(number);
          flow.end();
        },
        hasRequests: method.requestStream,
      });
    },
    of: (metadata) => flows.get(metadata.get(HEADER) ?? ''),
  };
}

interface FlowingOptions {
  readonly flow: CallFlow;
  readonly number: string;
  readonly begin: () => void;
  /** Called when nobody waits for the call any more. */
  readonly end: () => void;
  readonly hasRequests: boolean;
}

class FlowingCall extends ServerInterceptingCall {
  readonly #options: FlowingOptions;

  constructor(call: ServerInterceptingCallInterface, options: FlowingOptions) {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, proceed) => {
        options.begin();
        metadata.set(HEADER, options.number);
        proceed(metadata);
      })
      .withOnCancel(options.end)
      .build();
    super(call, { start: (next) => next(listener) });
    this.#options = options;
  }

  override startRead(): void {
    const { flow, hasRequests } = this.#options;
    if (hasRequests) flow.readWhenWanted(() => super.startRead());
    else super.startRead();
  }

  override sendMessage(message: unknown, callback: () => void): void {
    super.sendMessage(message, () => {
      this.#options.flow.sent();
      callback();
    });
  }
}
