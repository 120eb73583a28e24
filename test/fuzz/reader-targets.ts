import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { isCasslError } from '@cassl/errors';
import { damage } from './damage.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { annotationSamples, imageSamples, labelFileSamples, stateSamples, tarSamples } from './samples.ts';
import { bytesSource, readPth, readSafetensors } from '@cassl/checkpoints';
import { openCocoDataset, openImagePool } from '@cassl/datasets';
import { decodeLabelFile } from '@cassl/labels';
import { evaluateCocoFiles } from '@cassl/metrics';
import { decodeImage, rleFromString, rleToString } from '@cassl/vision';

/** One reading may take so long on a busy machine; what takes longer hangs. */
const LIMIT_MS = 20_000;

/** Every reader of bytes that others made, with samples that are damaged before it reads them. */
export async function readerTargets(folder: string): Promise<FuzzTarget[]> {
  const file = (name: string): string => join(folder, name);
  await mkdir(file('pool'), { recursive: true });
  const images = await imageSamples();
  await writeFile(file('a.png'), images[0]!);
  const tars = await tarSamples();
  const annotations = annotationSamples();
  const labels = await labelFileSamples();
  const results = [{ image_id: 1, category_id: 1, bbox: [0, 0, 2, 2], score: 0.5 }];
  await writeFile(file('results.json'), JSON.stringify(results));
  const rle = rleToString({ width: 20, height: 10, counts: new Uint32Array([5, 10, 150, 20, 15]) });
  return [
    reader('images', images, (bytes) => decodeImage(bytes)),
    reader('safetensors', stateSamples().safetensors, (bytes) => readSafetensors(bytes)),
    reader('pickles', stateSamples().pth, (bytes) => readPth(bytesSource(bytes))),
    reader('tar pools', tars, async (bytes) => {
      await writeFile(file('pool/pool.tar'), bytes);
      const pool = await openImagePool(file('pool'));
      for await (const _ of pool.entries()) continue;
    }),
    reader('COCO data sets', annotations, async (bytes) => {
      await writeFile(file('coco.json'), bytes);
      await openCocoDataset({ annotations: file('coco.json'), images: folder });
    }),
    reader('COCO evaluation', annotations, async (bytes) => {
      await writeFile(file('gt.json'), bytes);
      await evaluateCocoFiles({
        type: 'bbox',
        groundTruth: file('gt.json'),
        results: file('results.json'),
      });
    }),
    reader('label files', labels, async (bytes) => {
      for await (const _ of decodeLabelFile(bytes)) continue;
    }),
    reader(
      'lines of label files',
      labels.map((label) => gunzipSync(label)),
      async (bytes) => {
        for await (const _ of decodeLabelFile(gzipSync(bytes))) continue;
      },
    ),
    reader('run-length masks', [Buffer.from(rle)], (bytes) =>
      Promise.resolve().then(() => rleFromString(Buffer.from(bytes).toString('latin1'), 10, 20)),
    ),
  ];
}

function reader(
  name: string,
  samples: readonly Uint8Array[],
  read: (bytes: Uint8Array) => Promise<unknown>,
): FuzzTarget {
  return {
    name,
    async run(random) {
      const bytes = damage(random, random.pick(samples));
      const startedAt = performance.now();
      let code = 'OK';
      let wrong: string | undefined;
      try {
        await read(bytes);
      } catch (error) {
        code = isCasslError(error) ? error.code : 'a foreign error';
        if (code === 'INTERNAL' || !isCasslError(error)) wrong = String((error as Error).stack).slice(0, 600);
      }
      const took = performance.now() - startedAt;
      if (took > LIMIT_MS) wrong = `took ${Math.round(took)} ms`;
      if (wrong === undefined) return { code };
      return { code, wrong: `${wrong} for ${bytes.subarray(0, 600).toString('base64')}` };
    },
    close: () => undefined,
  };
}
