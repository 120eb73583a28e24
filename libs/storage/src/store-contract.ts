import { beforeEach, describe, expect, it } from 'vitest';
import {
  contentKey,
  getContentAddressed,
  putContentAddressed,
  readBytes,
  sha256,
  type ObjectStore,
} from './index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* stream(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(bytes(part));
}

async function keys(store: ObjectStore, prefix?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found;
}

/** What every store must do, whatever holds its bytes; `open` gives an empty store for each test. */
export function storeContract(name: string, open: () => ObjectStore): void {
  describe(`${name}: the contract`, () => {
    let store: ObjectStore;
    beforeEach(() => {
      store = open();
    });

    it('gives back what was put, and its digest and size', async () => {
      const receipt = await store.put('a/b.txt', stream('hello ', 'world'));
      expect(receipt).toEqual({ key: 'a/b.txt', sizeBytes: 11, digest: await sha256(bytes('hello world')) });
      expect(new TextDecoder().decode(await readBytes(store, 'a/b.txt'))).toBe('hello world');
      expect(await store.head('a/b.txt')).toMatchObject({ key: 'a/b.txt', sizeBytes: 11 });
    });

    it('stores an empty object', async () => {
      await store.put('empty', new Uint8Array(0));
      expect(await store.head('empty')).toMatchObject({ sizeBytes: 0 });
      expect(await readBytes(store, 'empty')).toHaveLength(0);
    });

    it('reads a range whose end is exclusive, and refuses one outside', async () => {
      await store.put('x', bytes('0123456789'));
      expect(new TextDecoder().decode(await readBytes(store, 'x', { start: 2, end: 5 }))).toBe('234');
      expect(new TextDecoder().decode(await readBytes(store, 'x', { start: 8 }))).toBe('89');
      await expect(readBytes(store, 'x', { start: 4, end: 11 })).rejects.toMatchObject({
        code: 'OUT_OF_RANGE',
      });
    });

    it('says which key is missing', async () => {
      expect(await store.head('nope')).toBeUndefined();
      await expect(readBytes(store, 'nope')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(store.move('nope', 'x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(store.delete('nope')).resolves.toBeUndefined();
    });

    it('lets exactly one of several writers make a key', async () => {
      const puts = Array.from({ length: 5 }, (_, writer) =>
        store.put('once', bytes(`writer ${writer}`), { ifAbsent: true }),
      );
      const ends = await Promise.allSettled(puts);
      const winner = ends.findIndex(({ status }) => status === 'fulfilled');
      expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const end of ends) {
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'ALREADY_EXISTS' });
      }
      expect(new TextDecoder().decode(await readBytes(store, 'once'))).toBe(`writer ${winner}`);
      expect(await keys(store)).toEqual(['once']);
    });

    it('goes on listing after a key', async () => {
      for (const key of ['a/1', 'a/2', 'a/b/3', 'a-x', 'c']) await store.put(key, bytes(key));
      const after = async (key: string): Promise<string[]> => {
        const found: string[] = [];
        for await (const info of store.list('', { after: key })) found.push(info.key);
        return found;
      };
      expect(await keys(store)).toEqual(['a-x', 'a/1', 'a/2', 'a/b/3', 'c']);
      expect(await after('a-x')).toEqual(['a/1', 'a/2', 'a/b/3', 'c']);
      expect(await after('a/2')).toEqual(['a/b/3', 'c']);
      expect(await after('a/b/3')).toEqual(['c']);
      expect(await after('b')).toEqual(['c']);
    });

    it('lists by prefix in key order', async () => {
      for (const key of ['b/2', 'b.x', 'b/1', 'a', 'bb/3']) await store.put(key, bytes(key));
      expect(await keys(store)).toEqual(['a', 'b.x', 'b/1', 'b/2', 'bb/3']);
      expect(await keys(store, 'b/')).toEqual(['b/1', 'b/2']);
      expect(await keys(store, 'b')).toEqual(['b.x', 'b/1', 'b/2', 'bb/3']);
      expect(await keys(store, 'zzz/')).toEqual([]);
    });

    it('keeps keys of odd characters as they are', async () => {
      const keys = ['a b', 'c%20+d', 'e#f?g=h&i', `j"k'l`, 'é\u0301', '😀'];
      const store = open();
      for (const key of keys) await store.put(`odd/${key}.jpg`, Buffer.from(key));
      const listed: string[] = [];
      for await (const { key } of store.list('odd/')) listed.push(key);
      expect(listed).toEqual(keys.map((key) => `odd/${key}.jpg`));
      for (const key of keys) {
        expect(Buffer.from(await readBytes(store, `odd/${key}.jpg`)).toString()).toBe(key);
      }
    });

    it('replaces, moves and deletes', async () => {
      await store.put('x', bytes('one'));
      await store.put('x', bytes('two'));
      await store.move('x', 'folder/y z');
      expect(await keys(store)).toEqual(['folder/y z']);
      expect(new TextDecoder().decode(await readBytes(store, 'folder/y z'))).toBe('two');
      await store.delete('folder/y z');
      expect(await keys(store)).toEqual([]);
    });

    it('keeps nothing of an upload whose digest does not match', async () => {
      const expectedDigest = await sha256(bytes('announced'));
      const put = putContentAddressed(store, stream('something else'), { expectedDigest });
      await expect(put).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(await keys(store)).toEqual([]);
      await putContentAddressed(store, stream('announced'), { expectedDigest });
      await expect(putContentAddressed(store, stream('other'), { expectedDigest })).rejects.toThrow(
        expectedDigest,
      );
    });

    it('stores content once under its digest and finds damage when it reads', async () => {
      const receipt = await putContentAddressed(store, stream('abc'));
      expect(receipt.key).toBe(contentKey(receipt.digest));
      expect(await putContentAddressed(store, stream('a', 'bc'))).toEqual(receipt);
      expect(await keys(store)).toEqual([receipt.key]);
      expect(await sha256(getContentAddressed(store, receipt.digest))).toBe(receipt.digest);
      await store.put(receipt.key, bytes('abd'));
      await expect(sha256(getContentAddressed(store, receipt.digest))).rejects.toMatchObject({
        code: 'DATA_LOSS',
      });
    });

    it('stops when it is told to', async () => {
      const controller = new AbortController();
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (let i = 0; ; i++) {
          if (i === 20) controller.abort();
          yield await Promise.resolve(new Uint8Array(1 << 20));
        }
      }
      await expect(store.put('x', endless(), { signal: controller.signal })).rejects.toMatchObject({
        name: 'AbortError',
      });
      expect(await store.head('x')).toBeUndefined();
    });

    it('lists no further when it is told to stop', async () => {
      for (const key of ['a', 'b', 'c/d', 'c/e']) await store.put(key, bytes(key));
      const controller = new AbortController();
      const listed: string[] = [];
      const listing = (async () => {
        for await (const { key } of store.list('', { signal: controller.signal })) {
          if (listed.push(key) === 2) controller.abort();
        }
      })();
      await expect(listing).rejects.toMatchObject({ name: 'AbortError' });
      const late = store.list('', { signal: AbortSignal.abort() })[Symbol.asyncIterator]().next();
      await expect(late).rejects.toMatchObject({ name: 'AbortError' });
    });

    it('carries more than one part of 8 MiB', async () => {
      const part = new Uint8Array(1 << 20).fill(7);
      async function* parts(): AsyncGenerator<Uint8Array> {
        for (let i = 0; i < 20; i++) yield await Promise.resolve(part);
      }
      const receipt = await store.put('large', parts(), { sizeBytes: 20 << 20 });
      expect(receipt.sizeBytes).toBe(20 << 20);
      expect(await sha256(store.get('large'))).toBe(receipt.digest);
    });
  });
}
