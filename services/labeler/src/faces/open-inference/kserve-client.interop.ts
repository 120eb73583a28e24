import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from './serve-no-op.fixture.ts';

const python = resolve(process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python');
const hasKserve = spawnSync(python, ['-c', 'import kserve'], { timeout: 120_000 }).status === 0;

const FOUND = { boxes: [[[0, 0, 5, 4]], [[0, 0, 5, 4]]], labels: [[7], [7]], num_detections: [1, 1] };

describe.skipIf(!hasKserve)('KServe’s own clients (need CASSL_PYTHON with kserve)', () => {
  let test: TestServer;
  let folder = '';
  let seen: Record<string, Record<string, unknown>> = {};

  beforeAll(async () => {
    test = await serveNoOp();
    await test.inference.load('m');
    folder = await mkdtemp(join(tmpdir(), 'cassl-kserve-'));
    const image = join(folder, 'image.png');
    await writeFile(image, await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
    const script = join(import.meta.dirname, 'kserve-client.interop.py');
    const { stdout } = await promisify(execFile)(
      python,
      [script, test.server.address, test.http.url, image],
      { timeout: 120_000 },
    );
    seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as typeof seen;
  });

  afterAll(async () => {
    await test?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('infer over gRPC, with raw and with typed contents', () => {
    expect(seen['grpc']).toEqual({
      live: true,
      ready: true,
      'model ready': true,
      'unloaded ready': false,
      infer: { id: 'seven', ...FOUND },
      contents: [1],
      outputs: [
        [
          'image_sizes',
          [
            [4, 5],
            [4, 5],
          ],
        ],
      ],
      missing: expect.stringMatching(/NOT_FOUND.*missing/),
    });
  });

  it('describe, load and unload by the fields that KServe’s protos have', () => {
    expect(seen['stub']).toEqual({
      server: 'cassl',
      inputs: [
        ['image', 'BYTES', [-1]],
        ['pixels', 'UINT8', [-1, -1, -1, 3]],
      ],
      loaded: ['k', true],
      unloaded: ['k', true],
    });
  });

  it('infer over REST, with tensors after the JSON', () => {
    expect(seen['rest']).toEqual({
      live: true,
      ready: true,
      'model ready': true,
      'unloaded ready': false,
      infer: { id: 'seven', ...FOUND },
      missing: expect.stringMatching(/404.*missing/),
    });
  });
});
