import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { byteBudget, type ByteBudget } from './byte-budget.ts';
import { readBody } from './read-body.ts';

async function* chunks(...parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield await Promise.resolve(part);
}

function read(
  parts: readonly Buffer[],
  options: { budget?: ByteBudget; headers?: Record<string, string>; ends?: (() => void)[] } = {},
): Promise<Buffer> {
  const { budget = byteBudget(1000), headers = {}, ends = [] } = options;
  const caller = { atEnd: (action: () => void) => void ends.push(action) };
  return readBody({ headers, stream: chunks(...parts) }, { maxBytes: 100, budget, caller });
}

describe('readBody', () => {
  it('joins what comes, and refuses what is over the limit, announced or not', async () => {
    expect(await read([Buffer.from('ab'), Buffer.from('c')])).toEqual(Buffer.from('abc'));
    const tooLarge = { code: 'RESOURCE_EXHAUSTED', details: { reason: 'BODY_TOO_LARGE' } };
    await expect(read([], { headers: { 'content-length': '101' } })).rejects.toMatchObject(tooLarge);
    await expect(read([Buffer.alloc(60), Buffer.alloc(60)])).rejects.toMatchObject(tooLarge);
  });

  it('unpacks with the same limit, and names what it cannot unpack', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect(await read([gzipSync('abc')], { headers })).toEqual(Buffer.from('abc'));
    await expect(read([gzipSync(Buffer.alloc(5000))], { headers })).rejects.toThrow(/over the limit of 100/);
    await expect(read([Buffer.from('abc')], { headers })).rejects.toThrow(/is not gzip/);
    await expect(read([], { headers: { 'content-encoding': 'zip' } })).rejects.toThrow(/got zip/);
  });

  it('counts what came over all requests until they are answered; what is announced and not sent holds nothing', async () => {
    const budget = byteBudget(150);
    const ends: (() => void)[] = [];
    await read([Buffer.alloc(10)], { budget, ends, headers: { 'content-length': '100' } });
    await read([Buffer.alloc(90)], { budget, ends });
    const refused = read([Buffer.alloc(60)], { budget });
    await expect(refused).rejects.toMatchObject({ details: { reason: 'BODIES_HELD', retryAfterMs: 1000 } });
    for (const end of ends) end();
    expect((await read([Buffer.alloc(60)], { budget })).length).toBe(60);
  });
});
