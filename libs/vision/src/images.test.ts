import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { deflateSync, crc32 } from 'node:zlib';
import {
  decodeImage,
  encodeJpeg,
  encodePng,
  encodePngIds,
  fitShortSide,
  readImageHeader,
  readPngIds,
  resizeImage,
  type RgbImage,
} from './index.ts';

const picture: RgbImage = {
  width: 40,
  height: 30,
  data: Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7) % 256),
};

const invalid = (message: RegExp) =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message) as string,
  }) as Error;

/** A PNG whose header claims a size that its few bytes never fill. */
function pngBomb(width: number, height: number): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const data = Buffer.concat([Buffer.from(type), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc32(data), 4);
    return Buffer.concat([frame.subarray(0, 4), data, frame.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('images', () => {
  it('keeps every pixel through PNG', async () => {
    const back = await decodeImage(await encodePng(picture));
    expect({ ...back, data: Uint8Array.from(back.data) }).toEqual(picture);
  });

  it('decodes grey, transparent, 16-bit and palette files to 8-bit RGB', async () => {
    const source = sharp(picture.data, { raw: { width: 40, height: 30, channels: 3 } });
    for (const bytes of [
      await source.clone().toColourspace('b-w').png().toBuffer(),
      await source.clone().ensureAlpha(0.5).png().toBuffer(),
      await source.clone().toColourspace('rgb16').png().toBuffer(),
      await source.clone().png({ palette: true }).toBuffer(),
      await source.clone().webp().toBuffer(),
      await source.clone().toColourspace('cmyk').jpeg().toBuffer(),
    ]) {
      const { width, height, data } = await decodeImage(bytes);
      expect([width, height, data.length]).toEqual([40, 30, 3600]);
    }
  });

  it('turns a picture upright by its EXIF orientation', async () => {
    const bytes = await sharp(picture.data, { raw: { width: 40, height: 30, channels: 3 } })
      .withExif({ IFD0: { Orientation: '6' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(await decodeImage(bytes)).toMatchObject({ width: 30, height: 40 });
  });

  it('refuses an empty file', async () => {
    await expect(decodeImage(new Uint8Array(0))).rejects.toThrow(invalid(/there are no bytes/));
  });

  it('refuses text under an image name', async () => {
    await expect(decodeImage(Buffer.from('this is not a picture'))).rejects.toThrow(invalid(/not an image/));
  });

  it('refuses a document in place of a picture', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await expect(decodeImage(svg)).rejects.toThrow(
      invalid(/format is svg \(an SVG drawing: convert it to PNG\); it must be one of jpeg/),
    );
  });

  it('refuses a JPEG that ends early', async () => {
    const jpeg = await encodeJpeg(picture);
    await expect(decodeImage(jpeg.subarray(0, jpeg.length - 200))).rejects.toThrow(
      invalid(/jpeg data \(40 x 30\) is truncated or damaged/),
    );
  });

  it('refuses a huge picture by its header, without decoding it', async () => {
    await expect(decodeImage(pngBomb(30_000, 30_000))).rejects.toThrow(
      invalid(/30000 x 30000 is 900000000 pixels; the limit is 100000000/),
    );
    await expect(decodeImage(await encodePng(picture), { maxPixels: 1199 })).rejects.toThrow(
      invalid(/limit is 1199/),
    );
  });

  it('resizes to the exact size', async () => {
    const small = await resizeImage(picture, { width: 13, height: 17 });
    expect([small.width, small.height, small.data.length]).toEqual([13, 17, 13 * 17 * 3]);
    expect(fitShortSide({ width: 640, height: 480 }, 800, 1333)).toEqual({ width: 1067, height: 800 });
    expect(fitShortSide({ width: 1242, height: 375 }, 800, 1333)).toEqual({ width: 1333, height: 402 });
  });
});

describe('panoptic PNG', () => {
  it('keeps ids up to 24 bits', async () => {
    const ids = Int32Array.from([0, 1, 255, 256, 65_535, 65_536, 2 ** 24 - 1, 7]);
    const map = await readPngIds(await encodePngIds({ width: 4, height: 2, ids }));
    expect(map).toEqual({ width: 4, height: 2, ids });
  });

  it('refuses ids that do not fit and files that are not colour PNG', async () => {
    await expect(encodePngIds({ width: 1, height: 1, ids: Int32Array.of(2 ** 24) })).rejects.toThrow(
      invalid(/id 16777216 must be within/),
    );
    await expect(readPngIds(await encodeJpeg(picture))).rejects.toThrow(
      invalid(/format is jpeg; it must be png/),
    );
    const grey = await sharp(new Uint8Array(4), { raw: { width: 2, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    await expect(readPngIds(grey)).rejects.toThrow(invalid(/it has 1 channels/));
  });
});

describe('what lies under a picture’s name', () => {
  it.each<[string, Uint8Array | string]>([
    ['a BMP picture', 'BM\0\0'],
    ['a JPEG XL picture', Buffer.from([0xff, 0x0a, 0xfa, 0])],
    ['a JPEG 2000 picture', '\0\0\0\x0cjP  \r\n'],
    ['a PDF document', '%PDF-1.7\n'],
    ['an HTML page', '<!DOCTYPE html><html>404</html>'],
    ['an SVG drawing', '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'],
    ['a JSON document', '{"message": "not found"}'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n'],
    ['compressed with gzip', Buffer.from([0x1f, 0x8b, 8, 0])],
    ['a zip archive', 'PK\x03\x04'],
    ['a video', '\0\0\0\x18ftypmp42\0\0\0\0mp42isom'],
    ['zero bytes alone', new Uint8Array(64)],
    ['a text', 'Access denied'],
    ['a text', '\xff\xfeA\0c\0c\0e\0s\0s\0'],
    ['a text', '\xef\xbb\xbfAcc\xc3\xa8s'],
    ['a TIFF that is cut off or damaged', 'II*\0\xf0\0\0\0'],
    ['a TIFF that is cut off or damaged', 'MM\0*\0\0\xf0\0'],
    ["a camera's raw photo", 'II*\0\x10\0\0\0CR\x02\0'],
    ['a picture that is cut off or damaged', '\xff\xd8\xff'],
    ['a picture that is cut off or damaged', '\x89PNG\r\n\x1a\n'],
    ['a picture that is cut off or damaged', 'RIFF\x10\0\0\0WEBPVP8 '],
    ['a picture that is cut off or damaged', 'GIF89a'],
    ['copied as if it were a text', '\xef\xbf\xbdPNG\r\n\x1a\n'],
    ['copied as if it were a text', '\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\0\x10JFIF'],
    ['begin like nothing that is known', '\x01\x02\x03\x04'],
  ])('is named: %s', async (kind, content) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    await expect(decodeImage(bytes)).rejects.toEqual(invalid(new RegExp(kind)));
  });

  it('is decoded by what it is, whatever it is called', async () => {
    const source = sharp(picture.data, { raw: { width: 40, height: 30, channels: 3 } });
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)
      expect(await decodeImage(await source.clone().toFormat(format).toBuffer())).toMatchObject({
        width: 40,
      });
  });
});

const shared = process.env['CASSL_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared');
const phone = join(shared, 'bugs/15-heic/phone.heic');

describe.skipIf(!existsSync(phone))("a phone's HEIC (needs CASSL_SHARED)", () => {
  it('is refused for what it is, from its header on', async () => {
    const bytes = await readFile(phone);
    await expect(readImageHeader(bytes)).rejects.toEqual(
      invalid(/HEIF file coded with HEVC cannot be decoded.*convert/),
    );
    await expect(decodeImage(bytes)).rejects.toEqual(invalid(/HEVC/));
  });
});
