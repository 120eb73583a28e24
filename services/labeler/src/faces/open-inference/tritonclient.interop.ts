import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from './serve-no-op.fixture.ts';

const run = promisify(execFile);
const python = resolve(process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python');

const FOUND = {
  boxes: [[[0, 0, 5, 4]], [[0, 0, 5, 4]]],
  labels: [[7], [7]],
  num_detections: [1, 1],
  errors: ['', ''],
};

describe.skipIf(!existsSync(python))('stock tritonclient (needs CASSL_PYTHON)', () => {
  let test: TestServer;
  let folder = '';
  let seen: Record<string, Record<string, unknown>> = {};

  beforeAll(async () => {
    test = await serveNoOp();
    folder = await mkdtemp(join(tmpdir(), 'cassl-triton-'));
    const image = join(folder, 'image.png');
    await writeFile(image, await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
    const script = join(import.meta.dirname, 'tritonclient.interop.py');
    const { stdout } = await run(python, [script, test.server.address, new URL(test.http.url).host, image], {
      timeout: 120_000,
    });
    seen = JSON.parse(stdout) as typeof seen;
  });

  afterAll(async () => {
    await test.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('manages models and infers over gRPC', () => {
    expect(seen['grpc']).toMatchObject({
      live: true,
      ready: true,
      inputs: ['image', 'pixels'],
      dims: [[-1], [-1, -1, -1, 3]],
      'ready before': false,
      'ready after': true,
      infer: FOUND,
      gzip: FOUND,
      sizes: [[2, 3]],
      classes: [['1.000000:0:object'], ['1.000000:0:object']],
      classifier: [4],
      trace: ['OFF'],
      log: true,
      regions: 0,
      register: expect.stringMatching(/FAILED_PRECONDITION.*disabled/),
      cuda: expect.stringMatching(/UNIMPLEMENTED.*CudaSharedMemoryRegister/),
      'trace of unknown': expect.stringMatching(/NOT_FOUND.*missing/),
      'change log': expect.stringMatching(/UNIMPLEMENTED.*LogSettings.*log_info/),
      unknown: expect.stringMatching(/NOT_FOUND.*missing/),
      sequence: expect.stringMatching(/UNIMPLEMENTED.*parameters\.sequence_(id|start|end)/),
    });
    expect(seen['grpc']!['index']).toContain('k');
  });

  it('manages models and infers over HTTP, with binary tensors and compression', () => {
    expect(seen['http']).toMatchObject({
      live: true,
      ready: true,
      inputs: ['image', 'pixels'],
      dims: [[-1], [-1, -1, -1, 3]],
      'ready before': false,
      'ready after': true,
      index: expect.arrayContaining(['k']),
      infer: FOUND,
      gzip: FOUND,
      deflate: FOUND,
      sizes: [[2, 3]],
      boxes: [[[0, 0, 3, 2]]],
      id: 'seven',
      classes: [['1.000000:0:object'], ['1.000000:0:object']],
      async: Array.from({ length: 8 }, () => [1, 1]),
      trace: ['OFF'],
      'model trace': ['OFF'],
      log: true,
      regions: [],
      register: expect.stringMatching(/400.*disabled/),
      cuda: expect.stringMatching(/501.*cudasharedmemory/),
      'trace of unknown': expect.stringMatching(/404.*missing/),
      'change log': expect.stringMatching(/501.*log_info/),
      unknown: expect.stringMatching(/404.*missing/),
      sequence: expect.stringMatching(/501.*parameters\.sequence_(id|start|end)/),
    });
  });

  it('works over HTTP from asyncio, many at once', () => {
    expect(seen['http asyncio']).toEqual({
      live: true,
      name: 'm',
      counts: Array.from({ length: 8 }, () => [1, 1]),
    });
  });

  it('streams, with answers apart and the final flag', () => {
    expect(seen['stream']).toEqual([
      ['whole', 7, true],
      ['error', expect.stringContaining('missing')],
      ['apart', 7, false],
      ['apart', 7, false],
      ['apart', 0, true],
    ]);
  });

  it('works from asyncio, many at once and as a stream', () => {
    expect(seen['asyncio']).toEqual({
      counts: Array.from({ length: 8 }, () => [1, 1]),
      streamed: ['0', '1', '2'],
    });
  });
});
