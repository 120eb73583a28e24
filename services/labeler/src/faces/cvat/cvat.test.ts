import { detectorPreset } from '@cassl/detector';
import type { FoundModel } from '@cassl/inference';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeFunction } from './describe-function.ts';
import { MASK, serveScripted, type ScriptedFaces } from '../http/scripted-inference.fixture.ts';

let test: ScriptedFaces;
beforeAll(async () => {
  test = await serveScripted();
});
afterAll(() => test.stop());

const image = Buffer.from('photo').toString('base64');

async function invoke(
  body: object,
  name: string | undefined,
  path = '/api/function_invocations',
): Promise<Response> {
  return fetch(`${test.http.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: {
      // As `LambdaGateway._http` and `_invoke_via_dashboard` of CVAT send them: cvat/apps/lambda_manager/views.py at 024777ef.
      'content-type': 'application/json',
      'x-nuclio-project-name': 'cvat',
      'x-nuclio-function-namespace': 'nuclio',
      'x-nuclio-invoke-via': 'domain-name',
      'x-nuclio-path': '/',
      ...(name === undefined ? {} : { 'x-nuclio-function-name': name }),
    },
  });
}

interface Shape {
  readonly label: string;
  readonly type: string;
  readonly points: readonly number[];
  readonly mask?: readonly number[];
}

describe('the CVAT face', () => {
  it('lists pinned models as detector functions whose ids CVAT can put into addresses', async () => {
    const functions = (await (await fetch(`${test.http.url}/api/functions`)).json()) as Record<string, never>;
    expect(Object.keys(functions)).toEqual(['shop.prod']);
    const one = (await (await fetch(`${test.http.url}/api/functions/shop.prod`)).json()) as {
      metadata: { name: string; annotations: Record<string, string> };
      status: object;
      spec: { description: string };
    };
    expect(one).toMatchObject({
      metadata: { name: 'shop.prod', annotations: { type: 'detector' } },
      // Where `POST /` asks the same model.
      status: { state: 'ready', httpPort: Number(new URL(test.http.url).port) },
    });
    expect(JSON.parse(one.metadata.annotations['spec']!)).toMatchObject([{ name: 'cat' }, { name: 'dog' }]);
    expect((await fetch(`${test.http.url}/api/functions/nothing`)).status).toBe(404);
  });

  it('lists a label once, whatever the categories are called: CVAT lists no function at all where one has a label twice', () => {
    const categories = ['cat', 'dog', 'cat', ''].map((name, index) => ({ id: index + 1, name }));
    const found = { digest: 'd', categories, sizeBytes: 0, spec: { kind: 'no-op' } } as const;
    const { metadata } = describeFunction('m', found) as { metadata: { annotations: { spec: string } } };
    const labels = JSON.parse(metadata.annotations.spec) as { name: string }[];
    expect(labels.map(({ name }) => name)).toEqual(['cat', 'dog', 'object 4']);
  });

  it('gives labels the type that their shapes have: CVAT maps a label of any type to no mask, polygon or rectangle', () => {
    const typesOf = (spec: FoundModel['spec']): string[] => {
      const categories = [{ id: 1, name: 'cat' }];
      const described = describeFunction('m', { digest: 'd', categories, sizeBytes: 0, spec }) as {
        metadata: { annotations: { spec: string } };
      };
      return (JSON.parse(described.metadata.annotations.spec) as { type: string }[]).map(({ type }) => type);
    };
    const detector = (masks: boolean): FoundModel['spec'] => {
      const manifest = { model: detectorPreset('resnet18', { masks }) };
      return { kind: 'detector', path: '', checkpoint: { digest: 'd', manifest } as never };
    };
    expect(typesOf(detector(true))).toEqual(['mask']);
    expect(typesOf(detector(false))).toEqual(['rectangle']);
    expect(typesOf({ kind: 'no-op' })).toEqual(['rectangle']);
  });

  it('names no port for a model that POST / does not ask', () => {
    const found = { digest: 'd', categories: [], sizeBytes: 0, spec: { kind: 'no-op' } } as const;
    expect(describeFunction('m', found)).toMatchObject({ status: { state: 'ready' } });
    expect(JSON.stringify(describeFunction('m', found))).not.toContain('httpPort');
  });

  it('answers masks cropped as CVAT has them, with their outline, and rectangles without a mask', async () => {
    const shapes = (await (await invoke({ image, threshold: 0.4 }, 'shop.prod')).json()) as Shape[];
    expect(shapes).toMatchObject([
      { label: 'cat', type: 'mask', confidence: '0.75', points: [1, 1, 2, 1, 2, 3, 4, 3, 4, 4, 1, 4] },
      { label: 'dog', type: 'rectangle', confidence: '0.5', points: [0.5, 1, 2, 4] },
    ]);
    const mask = shapes[0]!.mask!;
    const [left = 0, top = 0, right = 0, bottom = 0] = mask.slice(-4);
    const data = new Uint8Array(MASK.data.length);
    for (let y = top; y <= bottom; y++)
      for (let x = left; x <= right; x++)
        data[y * MASK.width + x] = mask[(y - top) * (right - left + 1) + x - left]!;
    expect(data).toEqual(MASK.data);
    expect(test.asked.at(-1)).toMatchObject({ model: 'shop/prod', options: { threshold: 0.4 } });
  });

  it('takes a batch, in which a bad image leaves its neighbours alone', async () => {
    const bad = Buffer.from('bad').toString('base64');
    const answers = (await (await invoke({ images: [image, bad, image] }, 'shop.prod')).json()) as unknown[];
    expect(answers).toMatchObject([
      [{ label: 'cat' }, {}],
      { error: { code: 'INVALID_ARGUMENT' } },
      [{}, {}],
    ]);
  });

  it('can be called directly, as the only function of its port', async () => {
    expect((await invoke({ image }, undefined, '/')).status).toBe(200);
  });

  it.each<[string, object, string | undefined, number, RegExp]>([
    ['no function', { image }, undefined, 400, /x-nuclio-function-name/],
    ['an unknown function', { image }, 'nothing', 404, /nothing is not here; those are shop\.prod/],
    ['no image', {}, 'shop.prod', 400, /image/],
    ['a threshold beyond 1', { image, threshold: 7 }, 'shop.prod', 400, /threshold/],
    ['an image that is none', { image: Buffer.from('bad').toString('base64') }, 'shop.prod', 400, /decoded/],
  ])('refuses %s by name', async (_, body, name, status, message) => {
    const response = await invoke(body, name);
    expect([response.status, await response.text()]).toEqual([status, expect.stringMatching(message)]);
  });
});
