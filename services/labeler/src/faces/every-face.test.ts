import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFaces, type Face, type FaceQuestion } from './ask-faces.fixture.ts';
import { serveNoOp, type TestServer } from './open-inference/serve-no-op.fixture.ts';

const noise = (width: number, height: number, channels: 3 | 4 = 3): Sharp =>
  sharp(
    Uint8Array.from({ length: width * height * channels }, (_, index) => (index * 7919) % 251),
    { raw: { width, height, channels } },
  );
const png = await noise(5, 4).png().toBuffer();

/** Whole files of kinds that are rare, with the upright size that each has. */
const ODD: readonly (readonly [what: string, file: Buffer, size: readonly [number, number]])[] = [
  ['one pixel', await noise(1, 1).png().toBuffer(), [1, 1]],
  ['one row of 10,000', await noise(10_000, 1).png().toBuffer(), [10_000, 1]],
  ['one column of 10,000', await noise(1, 10_000).jpeg().toBuffer(), [1, 10_000]],
  ['CMYK', await noise(40, 30).toColourspace('cmyk').jpeg().toBuffer(), [40, 30]],
  ['grey', await noise(40, 30).greyscale().jpeg().toBuffer(), [40, 30]],
  ['progressive', await noise(600, 30).jpeg({ progressive: true }).toBuffer(), [600, 30]],
  ['16 bits', await noise(40, 30).toColourspace('rgb16').png().toBuffer(), [40, 30]],
  ['16 bits, grey', await noise(600, 30).toColourspace('grey16').png().toBuffer(), [600, 30]],
  ['a palette with alpha', await noise(600, 30, 4).png({ palette: true, colours: 7 }).toBuffer(), [600, 30]],
  ['interlaced', await noise(40, 30, 4).png({ progressive: true }).toBuffer(), [40, 30]],
  ['an animation', await animation(), [20, 10]],
  ['WebP without loss', await noise(40, 30, 4).webp({ lossless: true }).toBuffer(), [40, 30]],
  ['TIFF of tiles', await noise(600, 30).tiff({ tile: true, compression: 'deflate' }).toBuffer(), [600, 30]],
  ['AVIF', await noise(40, 30).avif().toBuffer(), [40, 30]],
  ...(await Promise.all(
    [2, 3, 5, 6, 7, 8].map(async (orientation) => {
      const file = await noise(600, 30).jpeg().withMetadata({ orientation }).toBuffer();
      const size = orientation < 5 ? ([600, 30] as const) : ([30, 600] as const);
      return [`turned as EXIF says, ${orientation}`, file, size] as const;
    }),
  )),
];

/** Two frames, one under the other as libvips has them. */
async function animation(): Promise<Buffer> {
  const frames = noise(20, 20).raw();
  return sharp(await frames.toBuffer(), { raw: { width: 20, height: 20, channels: 3, pageHeight: 10 } })
    .gif()
    .toBuffer();
}

const half = (file: Buffer): Buffer => file.subarray(0, file.length >> 1);
const huge = Buffer.from(png);
huge.writeUInt32BE(65_535, 16);
huge.writeUInt32BE(65_535, 20);

/** Files that cannot be used, with what must be said of them. */
const BAD: readonly (readonly [what: string, file: Buffer, why: RegExp])[] = [
  ['no bytes', Buffer.alloc(0), /image/],
  ['one byte', Buffer.from([255]), /image/],
  ['text', Buffer.from('nonsense'), /not an image.*a text/],
  ['a page', Buffer.from('<!DOCTYPE html><html>404</html>'), /an HTML page/],
  [
    'a drawing',
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'),
    /an SVG drawing/,
  ],
  ['a cut file', half(await noise(300, 300).png().toBuffer()), /truncated or damaged/],
  ['a cut photo', half(await noise(300, 300).jpeg().toBuffer()), /truncated or damaged/],
  ['a header that claims 4 gigapixels', huge, /65535 x 65535 is 4294836225 pixels; the limit is/],
];

let test: TestServer;
let opened: ReturnType<typeof openFaces>;

beforeAll(async () => {
  test = await serveNoOp();
  opened = openFaces(test);
  await test.inference.load('m');
});
afterAll(async () => {
  opened.close();
  await test.stop();
});

const onFaces = async (
  check: (face: Face) => Promise<unknown>,
  isMeant: (face: Face) => boolean = () => true,
): Promise<Record<string, unknown>> => {
  const seen: [string, unknown][] = [];
  for (const face of opened.faces.filter(isMeant)) seen.push([face.name, await check(face)]);
  return Object.fromEntries(seen);
};

const everywhere = (
  wanted: unknown,
  isMeant: (face: Face) => boolean = () => true,
): Record<string, unknown> =>
  Object.fromEntries(opened.faces.filter(isMeant).map(({ name }) => [name, wanted]));

const STATUS: Readonly<Record<string, number>> = { INVALID_ARGUMENT: 400, NOT_FOUND: 404 };

/** A refusal as one line, with HTTP's name for its code. */
async function refusal(face: Face, question: FaceQuestion): Promise<string> {
  try {
    return `answered ${JSON.stringify(await face.ask(question))}`;
  } catch (error) {
    const { code, status, message } = error as Record<string, string>;
    const kind = code ?? status ?? '';
    return `${STATUS[kind] ?? kind} ${message}`;
  }
}

const isBatch = (face: Face): boolean => face.isBatch;

describe('every face of the service', () => {
  it.each(ODD)('reads %s, with its upright size', async (_, file, size) => {
    expect(await onFaces((face) => face.ask({ model: 'm', images: [file] }))).toEqual(everywhere([size]));
  });

  it.each(BAD)('says what is wrong with %s, alone', async (_, file, why) => {
    const said = await onFaces((face) => refusal(face, { model: 'm', images: [file] }));
    expect(said).toEqual(everywhere(expect.stringMatching(why)));
  });

  it.each(BAD)('says what is wrong with %s amid a batch, whose others are answered', async (_, file, why) => {
    const said = await onFaces((face) => face.ask({ model: 'm', images: [png, file, png] }), isBatch);
    expect(said).toEqual(everywhere([[5, 4], expect.stringMatching(why), [5, 4]], isBatch));
  });

  it('does not know a model that is not there', async () => {
    const said = await onFaces((face) => refusal(face, { model: 'missing', images: [png] }));
    expect(said).toEqual(everywhere(expect.stringMatching(/^404 .*missing/)));
  });

  it.each([NaN, -0.1, 1, 1.5, Infinity])('refuses a threshold of %s by name', async (threshold) => {
    // JSON has no such numbers: what it has instead is null, which CVAT's clients send for none.
    const canSay = ({ name }: Face): boolean => Number.isFinite(threshold) || !name.startsWith('CVAT');
    const said = await onFaces((face) => refusal(face, { model: 'm', images: [png], threshold }), canSay);
    expect(said).toEqual(everywhere(expect.stringMatching(/^400 .*threshold/), canSay));
  });

  it('takes a threshold of 0', async () => {
    const said = await onFaces((face) => face.ask({ model: 'm', images: [png], threshold: 0 }));
    expect(said).toEqual(everywhere([[5, 4]]));
  });
});
