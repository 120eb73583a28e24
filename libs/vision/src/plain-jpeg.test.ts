import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeSmallJpeg } from './decode-small-jpeg.ts';
import { decodeImage, readImageHeader } from './index.ts';
import { readPlainJpegHeader } from './plain-jpeg-header.ts';

const pixels = Uint8Array.from({ length: 90 * 61 * 3 }, (_, i) => (i * 7919 + (i >> 3) * 104_729) % 251);
const picture = (): Sharp => sharp(pixels, { raw: { width: 90, height: 61, channels: 3 } });
const byVips = (bytes: Uint8Array): Promise<Buffer> =>
  sharp(bytes, { failOn: 'error' }).toColourspace('srgb').removeAlpha().raw().toBuffer();

const SIMPLE: Readonly<Record<string, Promise<Buffer>>> = {
  '4:2:0': picture().jpeg({ quality: 80 }).toBuffer(),
  '4:4:4': picture().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
  progressive: picture().jpeg({ progressive: true, mozjpeg: true }).toBuffer(),
  grey: picture().greyscale().jpeg().toBuffer(),
};

describe('plain JPEG files', () => {
  it.each(Object.keys(SIMPLE))('are read in place as libvips reads them, bit by bit: %s', async (name) => {
    const bytes = (await SIMPLE[name]) ?? Buffer.alloc(0);
    expect(readPlainJpegHeader(bytes)).toEqual({ width: 90, height: 61, isSimple: true });
    const decoded = await decodeSmallJpeg(bytes, { width: 90, height: 61 });
    expect(Buffer.compare(decoded?.data ?? Buffer.alloc(0), await byVips(bytes))).toBe(0);
    expect((await decodeImage(bytes)).data).toEqual(decoded?.data);
  });

  it('leaves orientation, profiles and unusual colours to libvips', async () => {
    const turned = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(readPlainJpegHeader(turned)).toBeUndefined();
    expect(await readImageHeader(turned)).toMatchObject({ width: 90, height: 61, orientation: 6 });
    expect(await decodeImage(turned)).toMatchObject({ width: 61, height: 90 });
    const profiled = await picture().withIccProfile('p3').jpeg().toBuffer();
    expect(readPlainJpegHeader(profiled)?.isSimple).toBe(false);
    const cmyk = await picture().toColourspace('cmyk').jpeg().toBuffer();
    expect(readPlainJpegHeader(cmyk)).toBeUndefined();
    expect(readPlainJpegHeader(await picture().png().toBuffer())).toBeUndefined();
  });

  it('decodes nothing out of files that end early or are damaged, and the next file all the same', async () => {
    const bytes = (await SIMPLE['4:2:0']) ?? Buffer.alloc(0);
    const size = { width: 90, height: 61 };
    for (const length of [bytes.length - 2, bytes.length >> 1, 700, 300, 25, 12, 3, 0]) {
      const cut = bytes.subarray(0, length);
      expect(await decodeSmallJpeg(cut, size)).toBeUndefined();
      if (length < bytes.length - 2) await expect(decodeImage(cut)).rejects.toThrow(/^image: /);
    }
    expect(await decodeSmallJpeg(bytes, size)).toMatchObject(size);
  });

  it('decodes nothing that libvips refuses, whatever byte is wrong', async () => {
    const good = (await SIMPLE['4:2:0']) ?? Buffer.alloc(0);
    let [random, decoded] = [1, 0];
    for (let turn = 0; turn < 300; turn++) {
      const bytes = Buffer.from(good);
      random = (random * 48_271) % 2_147_483_647;
      bytes[random % bytes.length] = random >> 8;
      const header = readPlainJpegHeader(bytes);
      if (header?.isSimple !== true || header.width * header.height > 2 ** 16) continue;
      const ours = await decodeSmallJpeg(bytes, header);
      if (ours === undefined) continue;
      decoded++;
      // Not bit by bit: numbers that no encoder writes overflow in one way in C and in another in vector code.
      await expect(byVips(bytes)).resolves.toHaveLength(ours.data.length);
    }
    expect(decoded).toBeGreaterThan(50);
  });
});
