import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { limitAddresses, PLACES_VARIABLE } from '@cassl/storage';
import { decodeLabelStudioRle } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MASK, serveScripted, type ScriptedFaces } from '../http/scripted-inference.fixture.ts';
import { readLabelConfig } from './read-label-config.ts';

const CONFIG = (control: string): string =>
  `<View><Image name="img" value="$picture"/><${control} name="tag" toName="img" model_score_threshold="0.6">` +
  `<Label value="Pet" predicted_values="cat, hamster"/><Label value="Dog"/></${control}></View>`;

let folder: string;
let studio: Server;
let test: ScriptedFaces;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-label-studio-'));
  await writeFile(join(folder, 'a.jpg'), 'photo');
  process.env[PLACES_VARIABLE.read] = folder;
  limitAddresses();
  studio = createServer((request, response) => {
    const isKnown =
      request.headers.authorization === 'Token secret' && request.url === '/data/upload/1/b.jpg';
    if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    else response.writeHead(isKnown ? 200 : 404).end('uploaded');
  }).listen(0, '127.0.0.1');
  await once(studio, 'listening');
  const { port } = studio.address() as AddressInfo;
  test = await serveScripted({
    CASSL_LABEL_STUDIO_URL: `http://127.0.0.1:${port}`,
    CASSL_LABEL_STUDIO_TOKEN: 'secret',
  });
});
afterAll(async () => {
  await test.stop();
  studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(`${test.http.url}/label-studio${path}`, init);
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const inline = (text: string): string => `data:image/png;base64,${Buffer.from(text).toString('base64')}`;

const predict = (control: string, pictures: readonly unknown[]) =>
  call('/predict', {
    tasks: pictures.map((picture, id) => ({ id, data: { picture } })),
    label_config: CONFIG(control),
    project: '1.1700000000',
    params: { login: null, password: null, context: null },
  });

interface Region {
  readonly type: string;
  readonly value: Readonly<Record<string, unknown>>;
}
const regionsOf = ({ json }: { json: Record<string, unknown> }): Region[] =>
  (json['results'] as { result: Region[] }[])[0]!.result;

describe('the Label Studio backend', () => {
  it('says that it is up, and which model version a project gets', async () => {
    expect((await call('/health')).json).toMatchObject({ status: 'UP' });
    expect((await call('/team/other/health')).json).toMatchObject({ status: 'UP', model: 'team/other' });
    const setup = await call('/team/other/setup', { project: '1.1', schema: CONFIG('RectangleLabels') });
    expect(setup.json).toEqual({ model_version: 'team/other abcdef012345' });
    expect((await call('/missing/setup', { schema: CONFIG('RectangleLabels') })).status).toBe(404);
  });

  it('lists the versions of its model, by GET as Label Studio asks, and by POST', async () => {
    const versions = { versions: ['team/other abcdef012345'] };
    expect((await call('/team/other/versions')).json).toEqual(versions);
    expect((await call('/team/other/versions', { project: '1.1' })).json).toEqual(versions);
    expect((await call('/missing/versions')).status).toBe(404);
  });

  it('fills rectangles in, in percent, under the label that answers to the category', async () => {
    const answer = await predict('RectangleLabels', [inline('photo')]);
    expect(regionsOf(answer)).toMatchObject([
      {
        from_name: 'tag',
        to_name: 'img',
        type: 'rectanglelabels',
        original_width: 5,
        original_height: 4,
        value: { x: 20, y: 25, width: 60, height: 75, rotation: 0, rectanglelabels: ['Pet'] },
      },
      { value: { x: 10, rectanglelabels: ['Dog'] } },
    ]);
    expect(test.asked.at(-1)).toMatchObject({
      model: 'shop/prod',
      options: { threshold: 0.6, masks: false },
    });
  });

  it('fills brushes in, pixel by pixel, and polygons part by part', async () => {
    const [brush] = regionsOf(await predict('BrushLabels', [inline('photo')]));
    expect(decodeLabelStudioRle(brush!.value['rle'] as number[], 4, 5)).toEqual(MASK);
    const polygons = regionsOf(await predict('PolygonLabels', [inline('photo')]));
    expect(polygons.map(({ value }) => (value['points'] as unknown[]).length)).toEqual([6, 4, 4]);
  });

  it('reads tasks’ images from allowed places and from the named Label Studio only', async () => {
    const good = ['/data/upload/1/b.jpg', pathToFileURL(join(folder, 'a.jpg')).href];
    const answer = await predict('RectangleLabels', [
      ...good,
      'http://127.0.0.1:1/c.jpg',
      '/data/none',
      '/away',
      7,
    ]);
    const results = answer.json['results'] as { result: unknown[]; error?: { code: string } }[];
    expect(
      test.asked
        .slice(-2)
        .map(({ image }) => image.kind === 'encoded' && Buffer.from(image.bytes).toString()),
    ).toEqual(expect.arrayContaining(['uploaded', 'photo']));
    expect(results.map(({ result, error }) => error?.code ?? result.length)).toEqual([
      2,
      2,
      'INVALID_ARGUMENT',
      'NOT_FOUND',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
    ]);
  });

  it('leaves a batch alone when one of its images is bad, and fails when all are', async () => {
    const answer = await predict('RectangleLabels', [inline('photo'), inline('bad'), inline('photo')]);
    expect((answer.json['results'] as { result: unknown[] }[]).map(({ result }) => result.length)).toEqual([
      2, 0, 2,
    ]);
    expect(await predict('RectangleLabels', [inline('bad')])).toMatchObject({ status: 400 });
  });

  it('answers webhooks without training', async () => {
    expect(await call('/webhook', { action: 'ANNOTATION_CREATED' })).toMatchObject({
      status: 201,
      json: { status: 'ignored' },
    });
  });
});

describe('readLabelConfig', () => {
  it('takes the only label for every category', () => {
    const config = readLabelConfig(
      '<View><Image name="i" value="$x"/><BrushLabels name="b" toName="i"><Label value="A &amp; B"/></BrushLabels></View>',
    );
    expect(config).toMatchObject({ kind: 'brushlabels', dataKey: 'x', onlyLabel: 'A & B' });
  });

  it.each([
    ['<View>', /not XML/],
    ['<View><Text name="t" value="$t"/></View>', /must have BrushLabels, PolygonLabels, RectangleLabels/],
    ['<View><RectangleLabels name="r" toName="nothing"/></View>', /must name an Image/],
    [
      '<View><Image name="i" value="$x"/><RectangleLabels name="r" toName="i" model_score_threshold="2"/></View>',
      /\[0, 1\)/,
    ],
  ])('refuses %s', (xml, message) => {
    expect(() => readLabelConfig(xml)).toThrow(message);
  });
});
