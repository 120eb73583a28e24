import { setTimeout as sleep } from 'node:timers/promises';
import {
  CasslError,
  errorMessage,
  failedPrecondition,
  isCasslError,
  unavailable,
  withoutUserInfo,
} from '@cassl/errors';
import { jetstream, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type Authenticator, type NatsConnection } from '@nats-io/transport-node';
import { authenticatorOf, brokerCredentials, type BrokerCredentials } from './broker-credentials.ts';
import { fromNatsError, isRefusedSubject, isRefusedUser } from './nats-error.ts';
import { checkToken } from './names.ts';
import { inboxPrefix } from './rights/broker-rights.ts';
import { checkServerVersion } from './server-version.ts';

export interface ConnectEventsOptions {
  /** One or more addresses, comma-separated or listed, for example `nats://127.0.0.1:4222`. */
  readonly servers: string | readonly string[];
  /** Name that the server shows for this connection, for example "labeler"; answers come to `_INBOX.<user, else name>`. */
  readonly name: string;
  /** How long to try for the first connection, default 15,000 ms. After it, reconnects go on until it is closed. */
  readonly connectTimeoutMs?: number;
  /** Default: what the environment says. */
  readonly credentials?: BrokerCredentials;
  /** Copies of every stream, 1, 3 or 5; default `CASSL_NATS_REPLICAS`, else 1. */
  readonly replicas?: number;
}

/** A connection to nats-server with JetStream; everything in this lib is opened on one. */
export interface EventConnection extends AsyncDisposable {
  readonly name: string;
  /** Of the server, for example "2.15.1". */
  readonly serverVersion: string;
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly replicas: number;
  /** Whether the server answers now. */
  isConnected(): Promise<boolean>;
  /** Calls back after each reconnect; returns the way to stop that. */
  onReconnect(callback: () => void): () => void;
  /** Sends what is buffered and closes. */
  close(): Promise<void>;
}

/**
 * Connects to nats-server with JetStream, and warns of versions with known faults.
 * @throws UNAVAILABLE when no server answers in time, UNAUTHENTICATED when it does not know the credentials by then,
 *   FAILED_PRECONDITION when it runs without JetStream or is older than 2.9
 */
export async function connectEvents(options: ConnectEventsOptions): Promise<EventConnection> {
  const { name, connectTimeoutMs = 15_000, credentials = brokerCredentials() } = options;
  const servers = (typeof options.servers === 'string' ? options.servers.split(',') : options.servers).map(
    (server) => server.trim(),
  );
  const inbox = inboxPrefix(checkToken('name', credentials.user ?? name));
  const identity = { name, inbox, authenticator: authenticatorOf(credentials) };
  const connection = await connectWithin(servers, identity, connectTimeoutMs);
  const serverVersion = connection.info?.version ?? '0';
  const js = jetstream(connection, { timeout: 3_000 });
  const jsm = await js.jetstreamManager(false);
  try {
    warnOnce(checkServerVersion(serverVersion));
    await jsm.getAccountInfo();
  } catch (cause) {
    await connection.close();
    if (isCasslError(cause)) throw cause;
    if (isRefusedSubject(cause))
      throw fromNatsError(cause, `ask nats-server at ${withoutUserInfo(servers.join(', '))}`);
    throw failedPrecondition(
      `nats-server at ${withoutUserInfo(servers.join(', '))} runs without JetStream: start it with -js`,
      {
        cause,
      },
    );
  }
  const listeners = new Set<() => void>();
  void watchStatus(connection, listeners);
  const close = async (): Promise<void> => {
    // A drain waits for the server: one that is away would hold the stop until then.
    await Promise.race([connection.drain().catch(() => undefined), sleep(2_000)]);
    await connection.close();
  };
  return {
    name,
    serverVersion,
    connection,
    js,
    jsm,
    replicas: options.replicas ?? Number(process.env.CASSL_NATS_REPLICAS || 1),
    isConnected: async () => {
      const answer = connection.flush().then(() => true);
      return Promise.race([answer.catch(() => false), sleep(1_000, false, { ref: false })]);
    },
    onReconnect(callback) {
      listeners.add(callback);
      return () => void listeners.delete(callback);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

let warned: string | undefined;

function warnOnce(warning: string | undefined): void {
  if (warning === undefined || warning === warned) return;
  warned = warning;
  process.emitWarning(warning);
}

interface Identity {
  readonly name: string;
  /** Where answers come to. */
  readonly inbox: string;
  readonly authenticator: Authenticator | undefined;
}

async function connectWithin(
  servers: string[],
  { name, inbox, authenticator }: Identity,
  timeoutMs: number,
): Promise<NatsConnection> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await connect({
        servers,
        name,
        inboxPrefix: inbox,
        ...(authenticator === undefined ? {} : { authenticator }),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 250,
        pingInterval: 10_000,
        maxPingOut: 2,
        timeout: Math.max(1_000, Math.min(5_000, deadline - performance.now())),
      });
    } catch (cause) {
      if (performance.now() > deadline) {
        if (isRefusedUser(cause)) throw refusedUser(servers, cause);
        throw unavailable(
          `no nats-server answers at ${withoutUserInfo(servers.join(', '))} within ${timeoutMs} ms: ${errorMessage(cause)}`,
          { cause },
        );
      }
      await sleep(200);
    }
  }
}

function refusedUser(servers: readonly string[], cause: unknown): CasslError {
  return new CasslError(
    'UNAUTHENTICATED',
    `nats-server at ${withoutUserInfo(servers.join(', '))} does not take these credentials: see CASSL_NATS_USER, CASSL_NATS_TOKEN, CASSL_NATS_CREDS_FILE`,
    { cause },
  );
}

async function watchStatus(connection: NatsConnection, listeners: ReadonlySet<() => void>): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'reconnect') for (const listener of listeners) listener();
  }
}
