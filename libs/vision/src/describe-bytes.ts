const TEXT_BYTES = 512;

/** What else lies under a picture's name, by its first bytes as Latin-1. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^\0+$/, 'zero bytes alone: a copy that was never finished'],
  [/^BM/, 'a BMP picture: convert it to PNG'],
  [/^\0\0\x01\0/, 'an icon (ICO)'],
  [/^(?:\xff\n|\0\0\0\x0cJXL )/, 'a JPEG XL picture: convert it to PNG'],
  [/^(?:\0\0\0\x0cjP {2}|\xffO\xffQ)/, 'a JPEG 2000 picture: convert it to PNG'],
  [/^8BPS/, 'a Photoshop file'],
  [/^v\/1\x01/, 'an OpenEXR picture'],
  [/^(?:\x89PNG|\xff\xd8|GIF8|RIFF[^]{4}WEBP)/, 'the beginning of a picture that is cut off or damaged'],
  [/^(?:II\*\0[^]{4}CR|IIU\0|FUJIFILM)/, "a camera's raw photo: convert it to JPEG"],
  [
    /^(?:II[*+]\0|MM\0[*+])/,
    "a TIFF that is cut off or damaged, or a camera's raw photo: convert it to JPEG",
  ],
  // EF BF BD is what a decoder of texts puts for what is none: nobody can turn it back.
  [
    /^(?:\xef\xbf\xbd(?:PNG|\xef\xbf\xbd)|\xef\xbb\xbf\xff\xd8|\xc3\xbf\xc3\x98)/,
    'a picture that was copied as if it were a text',
  ],
  [/^(?:P[1-7]\s)/, 'a PBM, PGM or PPM picture: convert it to PNG'],
  [/^[^]{4}ftyp/, 'a video or another file of the MPEG-4 family'],
  [/^(?:RIFF[^]{4}AVI |\x1aE\xdf\xa3)/, 'a video'],
  [/^%PDF-/, 'a PDF document'],
  [/^\x1f\x8b/, 'a file compressed with gzip'],
  [/^PK\x03\x04/, 'a zip archive'],
  [/^[^]{257}ustar/, 'a tar archive'],
  [/^version https:\/\/git-lfs/, 'a Git LFS pointer: the picture itself was not fetched'],
  [
    /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)/i,
    'an HTML page: a download that was answered by a page',
  ],
  [/^(?:\xef\xbb\xbf)?\s*<\?xml[^]*?<svg|^(?:\xef\xbb\xbf)?\s*<svg/i, 'an SVG drawing: convert it to PNG'],
  [/^(?:\xef\xbb\xbf)?\s*<\?xml/i, 'an XML document'],
  [/^(?:\xef\xbb\xbf)?\s*[[{]\s*["[{\]}]/, 'a JSON document'],
  [/^(?:[^\x00-\x08\x0e-\x1f\x7f-\xff]+$|\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, 'a text'],
];

/** What bytes are that no decoder here takes for a picture; undefined where their beginning does not tell. */
export function describeBytes(bytes: Uint8Array): string | undefined {
  const beginning = Buffer.from(bytes.subarray(0, TEXT_BYTES)).toString('latin1');
  return KINDS.find(([pattern]) => pattern.test(beginning))?.[1];
}
