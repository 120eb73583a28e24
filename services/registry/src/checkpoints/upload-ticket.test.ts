import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openRegistry } from '../registry.ts';
import { useRegistry } from '../registry.fixture.ts';
import { checkTicket, signTicket } from './upload-ticket.ts';

const test = useRegistry();
const DIGEST = 'a'.repeat(64);
const TICKET = { digest: DIGEST, sizeBytes: 1_000, part: 2, actor: 'ada' };
const DAY_MS = 86_400_000;
const DENIED = { code: 'PERMISSION_DENIED', details: { reason: 'TICKET_INVALID' } };
const check = (query: URLSearchParams, digest = DIGEST) => checkTicket(test.registry, digest, query);
afterEach(() => void vi.useRealTimers());

describe('a ticket', () => {
  it('lets its holder do what it was signed for, as often as is needed within a day', async () => {
    const query = new URLSearchParams(await signTicket(test.registry, TICKET));
    expect(await check(query)).toEqual(TICKET);
    expect(await check(query)).toEqual(TICKET);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + DAY_MS - 60_000 });
    expect(await check(query)).toEqual(TICKET);
    vi.setSystemTime(Date.now() + 120_000);
    await expect(check(query)).rejects.toMatchObject(DENIED);
  });

  it.each([
    ['size', '1001'],
    ['size', ''],
    ['size', 'NaN'],
    ['part', '3'],
    ['part', '-2'],
    ['actor', 'bob'],
    ['actor', ''],
    ['until', String(Date.now() + 10 * DAY_MS)],
    ['until', 'Infinity'],
    ['ticket', ''],
    ['ticket', 'x'.repeat(43)],
    ['ticket', 'é'.repeat(43)],
  ])('with %s changed to %j is none', async (name, value) => {
    const query = new URLSearchParams(await signTicket(test.registry, TICKET));
    query.set(name, value);
    await expect(check(query)).rejects.toMatchObject(DENIED);
    query.delete(name);
    await expect(check(query)).rejects.toMatchObject(DENIED);
  });

  it('is for its own bytes, and no others', async () => {
    const query = new URLSearchParams(await signTicket(test.registry, TICKET));
    await expect(check(query, 'b'.repeat(64))).rejects.toMatchObject(DENIED);
  });

  it('of another registry is none here', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-other-'));
    const other = await openRegistry({ dataDir: folder, logger: test.registry.logger });
    const query = new URLSearchParams(await signTicket(other, TICKET));
    await other.close();
    await rm(folder, { recursive: true, force: true });
    await expect(check(query)).rejects.toMatchObject(DENIED);
  });
});
