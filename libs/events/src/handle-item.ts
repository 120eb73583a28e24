import { setTimeout as sleep } from 'node:timers/promises';
import { CasslError, deadlineExceeded, errorCode, errorMessage, outlook } from '@cassl/errors';
import { inSpan, inTrace, SpanKind, type SpanOptions } from '@cassl/telemetry';
import { deadLetter } from './dead-letters.ts';
import { failpoint } from './failpoint.ts';
import { keepPublishing } from './keep-asking.ts';
import { readLane } from './lanes.ts';
import type { ItemEnd, ProcessOptions } from './process-options.ts';
import type { Delivery } from './pull-item.ts';
import type { QueueParts } from './queue-parts.ts';
import { traceOf } from './trace-message.ts';
import { itemHeaders, itemIdentity, messageId, type ItemIdentity } from './work-item.ts';

const MAX_DELAY_MS = 30_000;
const ACK_ATTEMPTS = 3;
const ACK_PAUSE_MS = 200;

export interface Handling<T> {
  readonly parts: QueueParts<T>;
  readonly options: ProcessOptions<T>;
  readonly message: Delivery;
  /** Aborted by a cancel of the job or a stop of the worker. */
  readonly controller: AbortController;
}

/** Works on a delivered item, in the trace of who put it into the queue, and tells the server how it ended. */
export function handleItem<T>(handling: Handling<T>): Promise<ItemEnd> {
  return inTrace(traceOf(handling.message.headers), () => workOnItem(handling));
}

async function workOnItem<T>(handling: Handling<T>): Promise<ItemEnd> {
  const { parts, options, message, controller } = handling;
  const identity = itemIdentity(message);
  const attempt = identity.spent + message.deliveryCount;
  const startedAt = performance.now();
  const end = (outcome: ItemEnd['outcome'], error?: unknown): ItemEnd => ({
    job: identity.job,
    id: identity.id,
    attempt,
    outcome,
    seconds: (performance.now() - startedAt) / 1000,
    ...(error === undefined ? {} : { error }),
  });
  // A third of the wait leaves room for two lost beats.
  const beat = setInterval(() => message.working(), parts.ackWaitMs / 3);
  try {
    await failpoint('after-pull');
    if (options.signal.aborted) return end(await handBack(parts, message, identity, attempt));
    if (identity.epoch < (await readLane(parts.lanes, identity.job)).epoch) {
      await finish(message);
      return end('dropped');
    }
    if (attempt > parts.maxAttempts) throw silent(attempt - 1);
    await inSpan(`process ${parts.stream}`, spanOf(handling, identity, attempt), () =>
      withDeadline(handling, identity, attempt),
    );
    await failpoint('before-ack');
    await finish(message);
    return end('done');
  } catch (error) {
    if (options.signal.aborted && controller.signal.aborted) {
      return end(await handBack(parts, message, identity, attempt), error);
    }
    if (controller.signal.aborted) {
      await finish(message);
      return end('dropped', error);
    }
    if (outlook(errorCode(error)) === 'outage') {
      await handBack(parts, message, identity, attempt);
      return end('waiting', error);
    }
    if (attempt >= parts.maxAttempts || outlook(errorCode(error)) === 'permanent') {
      const reason = `${errorCode(error)}: ${errorMessage(error)} (attempt ${attempt} of ${parts.maxAttempts})`;
      await options.onDead?.({ ...identity, payload: parts.codec.decode(message.data), reason });
      await deadLetter(parts, { ...identity, spent: attempt }, message.data, reason);
      await finish(message);
      return end('dead', error);
    }
    message.nak(Math.min(1_000 * 2 ** (attempt - 1), MAX_DELAY_MS));
    return end('retried', error);
  } finally {
    clearInterval(beat);
  }
}

async function withDeadline<T>(
  { parts, options, message, controller }: Handling<T>,
  identity: ItemIdentity,
  attempt: number,
): Promise<void> {
  const { itemTimeoutMs } = options;
  const late = Promise.withResolvers<never>();
  const timer =
    itemTimeoutMs === undefined
      ? undefined
      : setTimeout(() => late.reject(hung(itemTimeoutMs)), itemTimeoutMs);
  try {
    const work = options.handler({
      ...identity,
      payload: parts.codec.decode(message.data),
      attempt,
      isLastAttempt: attempt >= parts.maxAttempts,
      signal: controller.signal,
    });
    work.catch(() => undefined);
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    late.promise.catch(() => undefined);
  }
}

function spanOf<T>({ parts, message }: Handling<T>, { job, id }: ItemIdentity, attempt: number): SpanOptions {
  return {
    kind: SpanKind.CONSUMER,
    attributes: {
      'messaging.system': 'nats',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': parts.stream,
      'messaging.message.id': String(message.seq),
      'cassl.job.id': job,
      'cassl.item.id': id,
      'cassl.item.attempt': attempt,
    },
  };
}

/** A fault of the item, unlike a deadline that a neighbour misses. */
function hung(timeoutMs: number): CasslError {
  return new CasslError('INTERNAL', `the item was not done within ${timeoutMs} ms`, {
    cause: deadlineExceeded('hung'),
  });
}

function silent(attempts: number): CasslError {
  return new CasslError('INTERNAL', `each of ${attempts} workers that took it died or went silent`);
}

/**
 * Puts a copy at the end of the queue that remembers how many attempts are used up: the server's count of deliveries, which
 * grows with every nak, starts again with it.
 */
async function handBack<T>(
  parts: QueueParts<T>,
  message: Delivery,
  identity: ItemIdentity,
  attempt: number,
): Promise<'handed-back'> {
  const copy = { ...identity, copy: `b${message.seq}`, spent: attempt - 1 };
  await keepPublishing(parts.connection, `hand back ${identity.job}/${identity.id}`, () =>
    parts.connection.js.publish(message.subject, message.data, {
      msgID: messageId(copy),
      headers: itemHeaders(copy),
    }),
  );
  await finish(message);
  return 'handed-back';
}

/**
 * Waits until the server has forgotten the item; an ack that only this side knows of would have it done twice. Not for long: a
 * server that has lost its store never answers, and what comes again is known by its commit.
 */
async function finish(message: Delivery): Promise<void> {
  for (let left = ACK_ATTEMPTS; left > 0; left -= 1) {
    try {
      return await message.ack();
    } catch {
      await sleep(ACK_PAUSE_MS);
    }
  }
}
