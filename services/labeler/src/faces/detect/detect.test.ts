import { decodeImage, encodePng } from '@cassl/vision';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveScripted, type ScriptedFaces } from '../http/scripted-inference.fixture.ts';
import { detectAnswer } from './detect-schema.ts';

const png = new Uint8Array(await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
interface Document {
  readonly [key: string]: unknown;
  readonly paths: {
    readonly '/v1/detect': { readonly post: { readonly parameters: readonly { readonly name: string }[] } };
  };
}

let test: ScriptedFaces;
beforeAll(async () => {
  test = await serveScripted();
});
afterAll(() => test.stop());

const post = (
  query: string,
  body: NonNullable<RequestInit['body']>,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(`${test.http.url}/v1/detect${query}`, { method: 'POST', body, headers });

function form(fields: Readonly<Record<string, string | Blob>>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

describe('POST /v1/detect', () => {
  it('takes the file as the body, and the first pinned model where none is named', async () => {
    const response = await post('?threshold=0.2&max_detections=7', png, { 'content-type': 'image/png' });
    const answer = detectAnswer.parse(await response.json());
    expect(answer.model).toEqual({ name: 'shop/prod', digest: 'abcdef0123456789' });
    expect(answer.detections).toMatchObject([
      {
        box: { x1: 1, y1: 1, x2: 4, y2: 4 },
        score: 0.75,
        category_id: 7,
        category: 'cat',
        mask: { size: [4, 5] },
      },
      { category: 'dog' },
    ]);
    expect(test.asked.at(-1)).toMatchObject({
      model: 'shop/prod',
      options: { threshold: 0.2, maxDetections: 7 },
    });
  });

  it('takes a form, whose fields go before the query', async () => {
    const body = form({ image: new Blob([png]), threshold: '0.4', model: 'other', masks: 'false' });
    expect((await post('?threshold=0.2', body)).status).toBe(200);
    const asked = test.asked.at(-1);
    expect(asked).toMatchObject({ model: 'other', options: { threshold: 0.4, masks: false } });
    expect(asked?.image).toMatchObject({ kind: 'encoded', bytes: png });
  });

  it('draws where a PNG is asked for', async () => {
    for (const response of [await post('?draw', png), await post('', png, { accept: 'image/png' })]) {
      expect(response.headers.get('content-type')).toBe('image/png');
      const drawn = await decodeImage(new Uint8Array(await response.arrayBuffer()));
      expect([drawn.width, drawn.height, drawn.data.some((value) => value > 0)]).toEqual([5, 4, true]);
    }
    expect((await post('?draw=false', png, { accept: 'image/png' })).headers.get('content-type')).toMatch(
      /json/,
    );
  });

  it.each<[string, () => Promise<Response>, number, RegExp]>([
    ['a threshold that is none', () => post('?threshold=high', png), 400, /threshold/],
    ['a wish that it does not know', () => post('?treshold=0.3', png), 400, /treshold/],
    ['a form without a file', () => post('', form({ threshold: '0.3' })), 400, /one file, named image/],
    ['a file of another name', () => post('', form({ picture: new Blob([png]) })), 400, /got picture/],
    [
      'a broken form',
      () => post('', 'x', { 'content-type': 'multipart/form-data; boundary=y' }),
      400,
      /multipart/,
    ],
    ['an image that is none', () => post('', 'bad'), 400, /cannot be decoded/],
    ['an unknown model', () => post('?model=missing', png), 404, /missing/],
  ])('refuses %s by name', async (_, ask, status, message) => {
    const response = await ask();
    const { error } = (await response.json()) as { error: { message: string } };
    expect([response.status, error.message]).toEqual([status, expect.stringMatching(message)]);
  });
});

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document that says every wish', async () => {
    const document = (await (await fetch(`${test.http.url}/openapi.json`)).json()) as Document;
    expect(await new Validator().validate(document)).toMatchObject({ valid: true });
    const { parameters } = document.paths['/v1/detect'].post;
    expect(parameters.map(({ name }) => name)).toEqual([
      'model',
      'threshold',
      'max_detections',
      'masks',
      'non_overlap',
      'priority',
      'draw',
    ]);
  });
});
