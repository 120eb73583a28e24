import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Evaluation } from '@cassl/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setAlias } from '../aliases/set-alias.ts';
import { attachEvaluation } from '../checkpoints/attach-evaluation.ts';
import { deleteCheckpoint } from '../checkpoints/delete-checkpoint.ts';
import { NEVER } from '../checkpoints.fixture.ts';
import { useRegistry } from '../registry.fixture.ts';
import { deliverWebhooks, signatureOf } from './deliver-webhooks.ts';
import { createWebhook, deleteWebhook, listWebhooks } from './manage-webhooks.ts';

const test = useRegistry();
const WAIT = { timeout: 15_000, interval: 20 };

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
const typesOf = (heard: readonly Heard[]): string[] =>
  heard.map(({ body }) => (JSON.parse(body) as { type: string }).type);

/** An address that keeps what it heard and answers as it is told, 204 by itself. */
class Receiver {
  readonly heard: Heard[] = [];
  answer: (response: ServerResponse) => void = (response) => void response.writeHead(204).end();
  readonly #server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      this.heard.push({ headers: request.headers, body });
      this.answer(response);
    });
  });
  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

let seed = 100;
let stop: AbortController;
let delivering: Promise<unknown>;
let receivers: Receiver[];
const receiver = async (aliasPrefix = ''): Promise<{ to: Receiver; id: string; secret: string }> => {
  const to = new Receiver();
  receivers.push(to);
  const { webhook, secret } = await createWebhook(test.registry, { url: await to.open(), aliasPrefix });
  return { to, id: webhook!.id, secret };
};
const move = (alias: string, reference: string) =>
  setAlias(test.registry, {
    ...{ alias, reference, reason: '', actor: 'ada', expectedDigest: '' },
    ...{ onlyIfNew: false, validateOnly: false },
  });
const stateOf = async (id: string) =>
  (await listWebhooks(test.registry)).webhooks.find((webhook) => webhook.id === id);

beforeEach(() => {
  receivers = [];
  stop = new AbortController();
  // Two replicas: each change goes out once all the same.
  delivering = Promise.all([
    deliverWebhooks(test.registry, stop.signal),
    deliverWebhooks(test.registry, stop.signal),
  ]);
});
afterEach(async () => {
  stop.abort();
  await delivering;
  for (const one of receivers) one.close();
  for (const { id } of (await listWebhooks(test.registry)).webhooks) await deleteWebhook(test.registry, id);
});

describe('deliveries', () => {
  it('are of every change, in order, each once, signed and with an id of its own', async () => {
    const { to, id, secret } = await receiver();
    const digest = await test.publish(seed++);
    await move('told/one', digest);
    const evaluation = Evaluation.fromPartial({ id: 'e', metrics: { 'bbox/AP': 0.5 } });
    await attachEvaluation(test.registry, { reference: digest, evaluation });
    const other = await test.publish(seed++);
    await deleteCheckpoint(test.registry, other, NEVER);
    await expect.poll(async () => (await stateOf(id))?.pending, WAIT).toBe(0);
    expect(typesOf(to.heard)).toEqual([
      'checkpoint.published',
      'alias.moved',
      'checkpoint.evaluated',
      'checkpoint.published',
      'checkpoint.deleted',
    ]);
    for (const { headers, body } of to.heard) {
      const message = {
        id: headers['webhook-id'] as string,
        timestamp: headers['webhook-timestamp'] as string,
        body,
      };
      expect(headers['webhook-signature']).toBe(signatureOf(secret, message));
      expect(Date.parse((JSON.parse(body) as { timestamp: string }).timestamp)).toBeLessThanOrEqual(
        Date.now(),
      );
    }
    expect(new Set(to.heard.map(({ headers }) => headers['webhook-id'])).size).toBe(5);
  });

  it('of moves alone go to who asked for a prefix of aliases', async () => {
    const { to, id } = await receiver('prod/');
    const digest = await test.publish(seed++);
    for (const alias of ['prod/a', 'production', 'prod/b', 'stage/a']) await move(alias, digest);
    await expect.poll(async () => (await stateOf(id))?.pending, WAIT).toBe(0);
    const moved = to.heard.map(({ body }) => (JSON.parse(body) as { data: { alias: string } }).data.alias);
    expect(moved).toEqual(['prod/a', 'prod/b']);
  });

  it('that fail are tried again, the same one, before any that came later', async () => {
    const { to, id } = await receiver();
    let refusals = 1;
    to.answer = (response) => void response.writeHead(refusals-- > 0 ? 503 : 200).end();
    await move('again', await test.publish(seed++));
    await expect.poll(async () => (await stateOf(id))?.pending, WAIT).toBe(0);
    expect(typesOf(to.heard)).toEqual(['checkpoint.published', 'checkpoint.published', 'alias.moved']);
    const [first, second] = to.heard.map(({ headers }) => headers['webhook-id']);
    expect(first).toBe(second);
    expect(await stateOf(id)).toMatchObject({ lastError: '' });
  });

  it('follow no redirect: where it leads was not registered', async () => {
    const { to, id } = await receiver();
    const elsewhere = new Receiver();
    receivers.push(elsewhere);
    const location = await elsewhere.open();
    to.answer = (response) => void response.writeHead(307, { location }).end();
    await test.publish(seed++);
    await expect.poll(async () => (await stateOf(id))?.lastError, WAIT).toBe('it answered 307');
    expect(elsewhere.heard).toEqual([]);
  });

  it('to an address that says nothing hold up no other, nor the end of the process', async () => {
    const silent = await receiver();
    silent.to.answer = () => undefined;
    const { to, id } = await receiver();
    await test.publish(seed++);
    await expect.poll(async () => (await stateOf(id))?.pending, WAIT).toBe(0);
    expect(to.heard).toHaveLength(1);
    await expect.poll(() => silent.to.heard.length, WAIT).toBe(1);
    expect(await stateOf(silent.id)).toMatchObject({ pending: 1 });
    const began = performance.now();
    stop.abort();
    await delivering;
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('end with their webhook, and tell no secret in the log or the list', async () => {
    const { to, id, secret } = await receiver();
    to.answer = (response) => void response.writeHead(500, secret).end(secret);
    await test.publish(seed++);
    await expect.poll(async () => (await stateOf(id))?.lastError, WAIT).toBe('it answered 500');
    expect(JSON.stringify(await listWebhooks(test.registry))).not.toContain(secret);
    expect(test.logged.join('\n')).toContain('a webhook could not be delivered');
    expect(test.logged.join('\n')).not.toContain(secret);
    await deleteWebhook(test.registry, id);
    const second = await receiver();
    await test.publish(seed++);
    await expect.poll(() => second.to.heard.length, WAIT).toBe(1);
    const count = to.heard.length;
    await expect.poll(async () => (await stateOf(second.id))?.pending, WAIT).toBe(0);
    expect(to.heard.length).toBe(count);
  });

  it('go on after a start where an earlier process ended', async () => {
    const { to, id } = await receiver();
    await test.publish(seed++);
    await expect.poll(async () => (await stateOf(id))?.pending, WAIT).toBe(0);
    stop.abort();
    await delivering;
    await test.publish(seed++);
    expect(await stateOf(id)).toMatchObject({ pending: 1 });
    stop = new AbortController();
    delivering = deliverWebhooks(test.registry, stop.signal);
    await expect.poll(async () => (await stateOf(id))?.pending, WAIT).toBe(0);
    expect(to.heard).toHaveLength(2);
  });
});
