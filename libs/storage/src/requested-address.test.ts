import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkReadable, checkWritable, limitAddresses, openRequestedStore, readAddress } from './index.ts';

let base = '';
let data = '';
let output = '';
const url = (...parts: string[]): string => pathToFileURL(join(...parts)).href;
const read = (address: string, maxBytes = 1000): Promise<Uint8Array> =>
  readAddress(address, { field: 'image.uri', maxBytes });

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cassl-address-'));
  [data, output] = [join(base, 'data'), join(base, 'output')];
  await mkdir(data);
  await writeFile(join(data, 'a b.png'), 'picture');
  await writeFile(join(base, 'secret'), 'secret');
  vi.stubEnv('CASSL_DATA_ROOTS', `${data},s3://pool/part`);
  vi.stubEnv('CASSL_OUTPUT_ROOTS', output);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(base, { recursive: true });
});

/** Everything that a caller learns. */
async function answer(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'OK',
    (error: unknown) => `${(error as { code: string }).code} ${(error as Error).message}`,
  );
}

describe('reading a requested address', () => {
  it('reads a file in an allowed folder, written as a URL', async () => {
    expect(Buffer.from(await read(url(data, 'a b.png'))).toString()).toBe('picture');
  });

  it('refuses what has no end, what blocks and what is too long, and goes on answering', async () => {
    execFileSync('mkfifo', [join(data, 'fifo')]);
    await symlink('/dev/zero', join(data, 'zero'));
    const sparse = await open(join(data, 'sparse'), 'w');
    await sparse.truncate(2 ** 40);
    await sparse.close();
    for (let time = 0; time < 8; time++) {
      await expect(read(url(data, 'fifo'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await expect(read(url(data, 'zero'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(read(url(data, 'sparse'))).rejects.toThrow(/1099511627776 bytes, at most 1000/);
    await expect(read(url(data))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await read(url(data, 'a b.png'))).toHaveLength(7);
  });

  it.each([
    ['file:///data/../etc/passwd', '".." segments'],
    ['file:///data/%2e%2E/etc/passwd', '".." segments'],
    ['file:///data/./x', '".." segments'],
    ['file://other.host/data/x', 'name a host'],
    ['file://', 'absolute path'],
    ['file:///data/%00', 'control characters'],
    ['file:///data/x\n', 'control characters'],
    ['file:///data/%zz', '%-escapes'],
    ['file:///data/a%2fb', '%-escapes'],
    ['file:///data/x?y', '%3F'],
    ['http://host/x', 'file:// or s3://'],
    ['/data/x', 'file:// or s3://'],
    ['', 'file:// or s3://'],
    ['s3://', 'name a bucket'],
    ['s3:///x', 'name a bucket'],
    ['s3://pool/part/../other', '".." segments'],
    ['s3://pool//part', '"//"'],
    [`file:///${'x'.repeat(5000)}`, '4096 bytes'],
  ])('refuses %s, naming the field and what is wrong', async (address, reason) => {
    const said = await answer(read(address));
    expect(said).toContain('INVALID_ARGUMENT image.uri');
    expect(said).toContain(reason);
    expect(said.length).toBeLessThan(500);
  });

  it('does not tell whether something exists outside the allowed places', async () => {
    const [there, missing] = [await answer(read(url(base, 'secret'))), await answer(read(url(base, 'no')))];
    expect(there).toContain('PERMISSION_DENIED');
    expect(there).toBe(missing);
    expect(await answer(read('s3://other/x'))).toBe(there);
    expect(await answer(read('s3://pool/partner/x'))).toBe(there);
    expect(await answer(read(url(`${data}2`, 'x')))).toBe(there);
  });

  it('follows no link out of the allowed places, and does not tell where it leads', async () => {
    await symlink(join(base, 'secret'), join(data, 'x'));
    const there = await answer(read(url(data, 'x')));
    await rm(join(data, 'x'));
    await symlink(join(base, 'no'), join(data, 'x'));
    const broken = await answer(read(url(data, 'x')));
    await rm(join(data, 'x'));
    const missing = await answer(read(url(data, 'x')));
    expect(there).toContain('NOT_FOUND');
    expect([broken, missing]).toEqual([there, there]);
    await symlink(base, join(data, 'up'));
    await expect(read(url(data, 'up', 'secret'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const listed = openRequestedStore('pool', url(data, 'up'), 'read').list();
    for await (const { key } of listed) expect(key).toBe('nothing');
  });

  it('follows a link from one allowed place to another', async () => {
    await symlink(join(data, 'a b.png'), join(data, 'link'));
    expect(await read(url(data, 'link'))).toHaveLength(7);
  });

  it('allows nothing where no place is named, and everything to a command that sets no limits', async () => {
    vi.stubEnv('CASSL_DATA_ROOTS', undefined);
    vi.stubEnv('CASSL_OUTPUT_ROOTS', undefined);
    expect(await read(url(base, 'secret'))).toHaveLength(6);
    limitAddresses();
    await expect(read(url(base, 'secret'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(() => checkReadable('x', 's3://pool/part')).toThrow(/CASSL_DATA_ROOTS/);
  });

  it('gives up a server that says nothing', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    vi.stubEnv('S3_ENDPOINT', `http://127.0.0.1:${(silent.address() as { port: number }).port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'key');
    const reading = readAddress('s3://pool/part/x', { field: 'image.uri', maxBytes: 9, timeoutMs: 300 });
    await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    silent.close();
  });
});

describe('an address to write to', () => {
  it('is tried before the job starts, and left empty', async () => {
    await checkWritable('output_uri', url(output, 'labels'));
    expect(await readdir(join(output, 'labels'))).toEqual(['.incoming']);
  });

  it('is refused outside the allowed places, also where a link leads there', async () => {
    await expect(checkWritable('output_uri', 'file:///')).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(checkWritable('output_uri', url(data))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await mkdir(output);
    await symlink(base, join(output, 'up'));
    await expect(checkWritable('output_uri', url(output, 'up'))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    expect(await readdir(base)).toEqual(['data', 'output', 'secret']);
  });

  it('is refused with the reason where nothing can be written', async () => {
    vi.stubEnv('CASSL_OUTPUT_ROOTS', `${output},/proc,s3://pool`);
    await writeFile(output, 'a file');
    const inFile = await answer(checkWritable('output_uri', url(output, 'x')));
    expect(inFile).toMatch(/^FAILED_PRECONDITION nothing can be written to output_uri .*EEXIST/);
    // Node's recursive mkdir never returns here.
    const inProc = await answer(checkWritable('output_uri', 'file:///proc/x/y'));
    expect(inProc).toMatch(/^FAILED_PRECONDITION .*ENOENT/);
  });

  it("names missing credentials as the service's fault, not the caller's", async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(base, 'none'));
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('CASSL_OUTPUT_ROOTS', 's3://pool');
    expect(await answer(checkWritable('output_uri', 's3://pool/x'))).toMatch(
      /^FAILED_PRECONDITION .*credentials/i,
    );
  });
});
