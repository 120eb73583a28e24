import { encodeSafetensors, float32Tensor, pthChunks } from '@cassl/checkpoints';
import { encodeLabelFile, type LabelRecord } from '@cassl/labels';
import sharp from 'sharp';
import { gzipSync } from 'node:zlib';

/** Small pictures of every kind that is read. */
export async function imageSamples(): Promise<Buffer[]> {
  const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } });
  const kinds = ['png', 'jpeg', 'webp', 'gif', 'tiff'] as const;
  return Promise.all(kinds.map((kind) => picture.clone().toFormat(kind).toBuffer()));
}

export function stateSamples(): { readonly safetensors: Uint8Array[]; readonly pth: Uint8Array[] } {
  const state = new Map([
    ['a.weight', float32Tensor([2, 3], new Float32Array([1, 2, 3, 4, 5, 6]))],
    ['b', float32Tensor([], new Float32Array([7]))],
  ]);
  return {
    safetensors: [encodeSafetensors(state), encodeSafetensors(state, { format: 'pt', note: 'x' })],
    pth: [Buffer.concat([...pthChunks(state)])],
  };
}

/** A COCO file with a polygon, a compressed crowd, an id beyond 2^53 and a byte order mark. */
export function annotationSamples(): Buffer[] {
  const box = { category_id: 1, bbox: [0, 0, 2, 2], area: 4 };
  const document = {
    images: [{ id: 1, file_name: 'a.png', width: 40, height: 30 }],
    annotations: [
      { id: 1, image_id: 1, ...box, iscrowd: 0, segmentation: [[0, 0, 2, 0, 2, 2]] },
      { id: 2, image_id: 1, ...box, iscrowd: 1, segmentation: { size: [30, 40], counts: '04' } },
    ],
    categories: [{ id: 1, name: 'object', supercategory: 'none' }],
  };
  const text = JSON.stringify(document);
  return [
    Buffer.from(text),
    Buffer.from(`\uFEFF${text.replace('"id":2', '"id":9007199254740993')}`),
    Buffer.from(text, 'utf16le'),
  ];
}

/** Label files as the labeler writes them, and gzip of something else; what is damaged is now the gzip, now the line inside. */
export async function labelFileSamples(): Promise<Buffer[]> {
  const record: LabelRecord = {
    key: 'a.jpg',
    digest: 'sha256:00',
    location: { store: 'file:///pool', key: 'a.jpg', range: { start: 512, end: 900 } },
    width: 20,
    height: 16,
    detections: [{ box: [1, 2, 4, 6], score: 0.5, category: 0 }],
    checkpoint: 'sha256:cc',
    threshold: 0.05,
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of encodeLabelFile([record, record])) chunks.push(chunk);
  return [Buffer.concat(chunks), gzipSync('not json\n'), gzipSync('')];
}

export async function tarSamples(): Promise<Uint8Array[]> {
  const [picture] = await imageSamples();
  return [
    tarOf([
      ['a.png', picture!],
      ['b.png', picture!],
    ]),
    tarOf([['../../up.png', picture!]]),
  ];
}

/** POSIX ustar. */
function tarOf(files: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, content] of files) {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write('0000644\0', 100);
    header.write(content.length.toString(8).padStart(11, '0'), 124);
    header.write('        0', 148);
    header.write('ustar\0' + '00', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    parts.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
