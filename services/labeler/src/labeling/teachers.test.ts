import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openTeacher } from '@cassl/inference/teachers';
import { openLabelSet, readLabels } from '@cassl/labels';
import { JobState, Teacher } from '@cassl/proto';
import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../faces/open-inference/serve-no-op.fixture.ts';
import { labelShard } from './label-shard.ts';
import { openTestLabeling, type TestLabeling } from './labeling.fixture.ts';

let server: TestServer;
let test: TestLabeling;
let endpoint: string;
let httpEndpoint: string;
beforeAll(async () => {
  server = await serveNoOp();
  endpoint = `127.0.0.1:${server.server.port}`;
  httpEndpoint = server.http.url;
  const away = ['127.0.0.1:9', 'http://127.0.0.1:9'];
  test = await openTestLabeling({ teacherEndpoints: [endpoint, httpEndpoint, ...away] });
});
afterAll(async () => {
  await test.close();
  await server.stop();
});

const teacherAt = (address: string, model = 'm'): Teacher =>
  Teacher.fromPartial({
    source: { $case: 'endpoint', value: { address, model } },
    prompts: ['thing'],
    licence: 'Apache-2.0',
  });

async function pictures(name: string, sizes: readonly (readonly [number, number])[]): Promise<string> {
  const folder = join(test.home, name);
  await mkdir(folder);
  for (const [index, [width, height]] of sizes.entries()) {
    const png = await encodePng({ width, height, data: new Uint8Array(width * height * 3) });
    await writeFile(join(folder, `${index}.png`), png);
  }
  return pathToFileURL(folder).href;
}

describe('a labeling by a teacher behind the Open Inference Protocol', () => {
  it.each([
    ['grpc', () => endpoint],
    ['http', () => httpEndpoint],
  ])('labels every image over %s and names teacher, prompts and licence in its label set', async (by, at) => {
    const id = `remote-${by}`;
    const uri = await pictures(id, [
      [40, 30],
      [30, 40],
      [20, 20],
    ]);
    const spec = test.spec(uri, { checkpoint: '', teacher: teacherAt(at()) });
    await test.labelings.start(id, spec);
    const stop = test.work(async (shard, entries, signal) => {
      const model = await openTeacher(shard.teacher!, { classSpecific: shard.classSpecific });
      try {
        const { checkpointDigest: digest, threshold, maxDetections, nonOverlap } = shard;
        const options = { threshold, maxDetections, nonOverlap, masks: true };
        return await labelShard({ digest, model }, { entries, options }, signal);
      } finally {
        model.dispose();
      }
    });
    const job = await test.ended(id);
    await stop();
    expect(job.status?.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    const set = await openLabelSet(job.labelSetUri);
    expect(set.header.sources[0]!.teacher).toEqual({
      digest: `sha256:${job.checkpointDigest}`,
      kind: 'open-inference',
      prompts: ['thing'],
      licence: 'Apache-2.0',
    });
    // Its every answer is the whole of the picture.
    const boxes: unknown[] = [];
    for await (const { detections } of readLabels([job.labelSetUri]))
      boxes.push(detections.map(({ box }) => box));
    expect(boxes).toEqual([[[0, 0, 40, 30]], [[0, 0, 30, 40]], [[0, 0, 20, 20]]]);
  });

  it.each([
    [
      'one that is not allowed',
      teacherAt('example.com:443'),
      'PERMISSION_DENIED',
      /none of the labeler's CASSL_TEACHER_ENDPOINTS/,
    ],
    ['one that is away', teacherAt('127.0.0.1:9'), 'UNAVAILABLE', /./],
    ['one that is away over HTTP', teacherAt('http://127.0.0.1:9'), 'UNAVAILABLE', /cannot be asked/],
    [
      'a model that it does not have over HTTP',
      () => teacherAt(httpEndpoint, 'missing'),
      'NOT_FOUND',
      /missing/,
    ],
    ['a model that it does not have', () => teacherAt(endpoint, 'missing'), 'NOT_FOUND', /missing/],
    ['no model', () => teacherAt(endpoint, ''), 'INVALID_ARGUMENT', /teacher.endpoint.model is empty/],
    ['nothing', Teacher.fromPartial({}), 'INVALID_ARGUMENT', /teacher needs onnx or endpoint/],
  ] as const)('refuses %s at once', async (_, teacher, code, message) => {
    const spec = test.spec(pathToFileURL(test.home).href, {
      checkpoint: '',
      teacher: typeof teacher === 'function' ? teacher() : teacher,
    });
    await expect(test.labelings.start('refused', spec)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a checkpoint beside a teacher', async () => {
    const spec = test.spec(pathToFileURL(test.home).href, { checkpoint: 'a', teacher: teacherAt(endpoint) });
    await expect(test.labelings.start('both', spec)).rejects.toThrow(/checkpoint must be empty beside/);
  });
});
