import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../serve-no-op.fixture.ts';
import { openRegions, type RegionPlace } from './regions.ts';

const mine = `cassl-test-${randomUUID()}`;
const file = `/dev/shm/${mine}`;
const at = (offset: number, byteSize: number, region = 'r') =>
  new Map<string, string | number>([
    ['shared_memory_region', region],
    ['shared_memory_byte_size', byteSize],
    ['shared_memory_offset', offset],
  ]);

describe.skipIf(!existsSync('/dev/shm'))('shared memory (needs /dev/shm)', () => {
  beforeAll(() => writeFile(file, Buffer.from('0123456789abcdef')));
  afterAll(() => rm(file, { force: true }));

  it('reads and writes within a region, and nowhere else', async () => {
    const regions = openRegions(true);
    regions.register({ name: 'r', key: `/${mine}`, offset: 4, byteSize: 8 });
    expect(regions.placeOf('image', at(1, 3))?.read().toString()).toBe('567');
    regions.placeOf('boxes', at(6, 2))?.write(Buffer.from('XY'));
    expect(await readFile(file, 'utf8')).toBe('0123456789XYcdef');
    expect(() => regions.placeOf('image', at(6, 3))?.read()).toThrow(/do not lie within its 8 bytes/);
    expect(() => regions.placeOf('boxes', at(0, 2))?.write(Buffer.from('XYZ'))).toThrow(/room for 2/);
    expect(() => regions.placeOf('image', at(0, 1, 'other'))).toThrow(/"other" is not registered/);
    for (const [offset, size] of [
      [-1, 2],
      [0.5, 2],
      [0, -1],
      [NaN, 1],
    ] as const)
      expect(() => regions.placeOf('image', at(offset, size))).toThrow(
        /must be a whole number of at least 0/,
      );
    expect(regions.placeOf('image', new Map())).toBeUndefined();
    regions.close();
  });

  it('opens plain objects of its folder alone, and of those no more than they hold', async () => {
    const regions = openRegions(true);
    const register =
      (key: string, offset = 0, byteSize = 4) =>
      () =>
        regions.register({ name: 'r', key, offset, byteSize });
    await symlink('/etc/passwd', `${file}-link`);
    await mkdir(`${file}-folder`);
    try {
      for (const key of ['../../etc/passwd', '/etc/passwd', '.hidden', '..', '', 'a/b', 'a'.repeat(300)])
        expect(register(key)).toThrow(/key must match/);
      expect(register(`${mine}-link`)).toThrow(/can be opened/);
      expect(register(`${mine}-folder`)).toThrow(/can be opened/);
      expect(register(`${mine}-none`)).toThrow(/can be opened/);
      expect(register(mine, 10, 7)).toThrow(/at most 16.*got 10 \+ 7/);
      expect(register(mine, -1, 7)).toThrow(/offset must be/);
      expect(register(mine, 0, 0)).toThrow(/byte_size must be/);
      expect(register(mine, 0, NaN)).toThrow(/byte_size must be/);
      register(mine)();
      expect(register(mine)).toThrow(/is registered/);
    } finally {
      await rm(`${file}-link`);
      await rm(`${file}-folder`, { recursive: true });
      regions.close();
    }
  });

  it('answers a client that shrinks its object, and lives', async () => {
    const regions = openRegions(true);
    const small = `${file}-small`;
    await writeFile(small, Buffer.alloc(64));
    regions.register({ name: 'r', key: `${mine}-small`, offset: 0, byteSize: 64 });
    const place = regions.placeOf('image', at(0, 64)) as RegionPlace;
    await truncate(small, 3);
    expect(() => place.read()).toThrow(/has become smaller/);
    regions.close();
    await rm(small);
  });

  it('is refused with its reason where it is not allowed', () => {
    const regions = openRegions();
    expect(() => regions.register({ name: 'r', key: mine, offset: 0, byteSize: 4 })).toThrow(/disabled/);
    expect(() => regions.placeOf('image', at(0, 1))).toThrow(
      /image: parameters\.shared_memory_region: .*disabled/,
    );
    expect(regions.list('')).toEqual([]);
  });
});

describe.skipIf(!existsSync('/dev/shm'))('shared memory over HTTP (needs /dev/shm)', () => {
  let test: TestServer;
  const post = (path: string, body: object) =>
    fetch(`${test.http.url}/v2/${path}`, { method: 'POST', body: JSON.stringify(body) });

  beforeAll(async () => {
    test = await serveNoOp({}, { CASSL_SHARED_MEMORY: 'system' });
  });
  afterAll(async () => {
    await test.stop();
    await rm(`${file}-http`, { force: true });
  });

  it('takes an image out of a region and puts the boxes into it', async () => {
    const png = await encodePng({ width: 5, height: 4, data: new Uint8Array(60) });
    const length = Buffer.alloc(4);
    length.writeUInt32LE(png.length);
    const tensor = Buffer.concat([length, png]);
    await writeFile(`${file}-http`, Buffer.concat([tensor, Buffer.alloc(16)]));
    const total = tensor.length + 16;
    const registered = await post('systemsharedmemory/region/r/register', {
      key: `/${mine}-http`,
      byte_size: total,
    });
    expect(registered.status).toBe(200);
    const status = await fetch(`${test.http.url}/v2/systemsharedmemory/region/r/status`);
    expect(await status.json()).toEqual([{ name: 'r', key: `/${mine}-http`, offset: 0, byte_size: total }]);
    const inRegion = (offset: number, size: number) => Object.fromEntries(at(offset, size));
    const answer = await post('models/m/infer', {
      inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], parameters: inRegion(0, tensor.length) }],
      outputs: [{ name: 'boxes', parameters: inRegion(tensor.length, 16) }, { name: 'labels' }],
    });
    expect(await answer.json()).toMatchObject({
      outputs: [
        {
          name: 'boxes',
          shape: [1, 1, 4],
          parameters: { shared_memory_region: 'r', shared_memory_byte_size: 16 },
        },
        { name: 'labels', data: [7] },
      ],
    });
    const bytes = (await readFile(`${file}-http`)).subarray(tensor.length);
    expect([0, 4, 8, 12].map((place) => bytes.readFloatLE(place))).toEqual([0, 0, 5, 4]);
    expect((await post('systemsharedmemory/region/r/unregister', {})).status).toBe(200);
    expect((await fetch(`${test.http.url}/v2/systemsharedmemory/region/r/status`)).status).toBe(404);
  });
});
