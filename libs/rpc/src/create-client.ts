import { errorCode, invalidArgument } from '@cassl/errors';
import { inSpanSteps, type OpenSpan } from '@cassl/telemetry';
import {
  ClientError,
  createChannel,
  createClientFactory,
  Metadata,
  Status,
  type CallOptions,
  type Client,
  type ClientMiddleware,
  type CompatServiceDefinition,
} from 'nice-grpc';
import { errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { clientSeconds, durationLabels } from './call-durations.ts';
import { CLIENT_OPTIONS } from './channel-options.ts';
import { fromCallError } from './error-status.ts';
import { tokenReader } from './token-reader.ts';
import { openClientSpan, withTrace } from './trace-calls.ts';
import { clientCredentials, clientSecurityFromEnv, type ClientSecurity } from './security.ts';

/** Of one call, besides `signal` and `metadata`. */
export interface DeadlineOptions {
  /** Milliseconds for the whole call; `Infinity` for none. */
  readonly deadlineMs?: number;
}

export interface ClientOptions {
  /** For unary calls that name none, default 30,000. */
  readonly deadlineMs?: number;
  /** Default: from the environment, see `clientSecurityFromEnv`. */
  readonly security?: ClientSecurity;
}

/** A service's methods, and the connection's end. */
export type RpcClient<Definition extends CompatServiceDefinition> = Client<Definition, DeadlineOptions> &
  Disposable & {
    /** `host:port` as it was given. */
    readonly address: string;
    /** Ends the connection; calls that run are cancelled. */
    close(): void;
  };

/**
 * Opens a client; connects at the first call and again whenever the server comes back.
 * - Unary calls have a deadline of 30 s unless they say otherwise. Calls with a stream must say: `{ deadlineMs }`
 *   (`Infinity` for a watch) or `{ signal }`, else they throw INVALID_ARGUMENT.
 * - Errors are `CasslError`s with the code and message that the server threw.
 * @param address `host:port`
 */
export function createClient<Definition extends CompatServiceDefinition>(
  definition: Definition,
  address: string,
  options: ClientOptions = {},
): RpcClient<Definition> {
  const { deadlineMs = 30_000, security = clientSecurityFromEnv() } = options;
  if (!/^[^\s/]+:\d+$/.test(address)) {
    throw invalidArgument(`the address of a service must be host:port, got ${JSON.stringify(address)}`);
  }
  const channel = createChannel(address, clientCredentials(security), CLIENT_OPTIONS);
  const client = createClientFactory()
    .use(errorDetailsClientMiddleware)
    .use(deadlines(deadlineMs, address, tokenReader(security)))
    .create(definition, channel);
  const close = (): void => channel.close();
  return Object.assign(client, { address, close, [Symbol.dispose]: close });
}

/** Deadline, token and error translation of every call. */
function deadlines(
  unaryMs: number,
  peer: string,
  token: () => string | undefined,
): ClientMiddleware<DeadlineOptions> {
  return async function* callWithDeadline(call, options) {
    const { deadlineMs, signal, ...rest } = options;
    const isStream = call.requestStream || call.responseStream;
    if (isStream && deadlineMs === undefined && signal === undefined) {
      throw invalidArgument(
        `${call.method.path} is a stream: pass { deadlineMs } (Infinity for none) or { signal }`,
      );
    }
    const limitMs = deadlineMs ?? (isStream ? Infinity : unaryMs);
    const timer = new AbortController();
    const timeout = limitMs === Infinity ? undefined : setTimeout(() => timer.abort(), limitMs);
    const startedAt = performance.now();
    const open = openClientSpan(call.method.path.slice(1), peer);
    let failure: unknown;
    try {
      const metadata = withTimeout(withToken(rest, token()), limitMs);
      const answers = call.next(call.request, {
        ...rest,
        metadata: open.run(() => withTrace(metadata)),
        signal: signal === undefined ? timer.signal : AbortSignal.any([signal, timer.signal]),
      });
      return yield* answersIn(open, answers);
    } catch (error) {
      failure = fromCallError(timer.signal.aborted ? late(call.method.path, limitMs) : error, peer);
      throw failure;
    } finally {
      clearTimeout(timeout);
      const code = failure === undefined ? 'OK' : errorCode(failure);
      const seconds = (performance.now() - startedAt) / 1000;
      clientSeconds.observe(durationLabels(call.method.path.slice(1), code), seconds);
      open.span.setAttribute('rpc.status_code', code);
      open.end(failure);
    }
  };
}

/** A unary call returns its answer, a stream yields them. */
function answersIn<Answer>(
  open: OpenSpan,
  answers: AsyncGenerator<never, Answer, undefined> | AsyncGenerator<Answer, void, undefined>,
): AsyncGenerator<Answer, Answer | void, undefined> {
  return inSpanSteps<Answer, Answer | void>(open, answers);
}

/** Behind this client's own timer, so that its error is the one that the caller sees. */
const SLACK_MS = 100;
/** The protocol's eight digits. */
const MOST_TIMEOUT_MS = 99_999_999;

/** Tells the server how long this client waits, as gRPC has it: what cannot be ready in time is not begun. */
function withTimeout(metadata: Metadata, limitMs: number): Metadata {
  const timeoutMs = Math.ceil(limitMs) + SLACK_MS;
  return timeoutMs > MOST_TIMEOUT_MS ? metadata : metadata.set('grpc-timeout', `${timeoutMs}m`);
}

function late(path: string, limitMs: number): ClientError {
  return new ClientError(path, Status.DEADLINE_EXCEEDED, `${path} did not answer within ${limitMs} ms`);
}

function withToken(options: CallOptions, token: string | undefined): Metadata {
  const metadata = Metadata(options.metadata);
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
