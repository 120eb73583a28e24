import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createDetector, detectorPreset } from '@cassl/detector';
import { openEngine } from '@cassl/engine';
import { writeOnnx } from '@cassl/onnx';
import { Teacher } from '@cassl/proto';
import type { RgbImage } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectorModel } from '../models/detector-model.ts';
import { openTeacher } from './open-teacher.ts';

const ALL = { threshold: 0.2, maxDetections: 100, masks: false, nonOverlap: false };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-teacher-'));
  await openEngine();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const uriOf = (name: string): string => pathToFileURL(join(folder, name)).href;

function picture(width: number, height: number): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => 120 + 100 * Math.sin(at / 37));
  return { width, height, data };
}

describe('openTeacher', () => {
  it('labels as the exported detector did: a real ONNX file, its settings told', async () => {
    const config = detectorPreset('tiny', { priorProbability: 0.4, scoreThreshold: 0.2, masks: false });
    const detector = createDetector(config, { seed: 4 });
    await writeOnnx(join(folder, 'teacher.onnx'), await detector.stateDict(), { config });
    const own = detectorModel(detector, '');
    const [red, green, blue] = config.pixelMean;
    const teacher = await openTeacher(
      Teacher.fromPartial({
        source: { $case: 'onnx', value: { uri: uriOf('teacher.onnx') } },
        input: {
          shortSide: config.resizeShortSide,
          longSide: config.resizeLongSide,
          scale: 1,
          padding: Math.round((red + green + blue) / 3),
        },
      }),
    );
    try {
      const image = { pixels: picture(128, 128), original: { width: 128, height: 128 } };
      const [ours, theirs] = await Promise.all([own, teacher].map((model) => model.detect([image], [ALL])));
      const [a, b] = [ours!.detections[0]!, theirs!.detections[0]!];
      expect(a.length).toBeGreaterThan(3);
      expect(b.map(({ score }) => score.toFixed(3))).toEqual(a.map(({ score }) => score.toFixed(3)));
      a.forEach(({ box }, index) =>
        box.forEach((side, at) => expect(Math.abs(side - b[index]!.box[at]!)).toBeLessThan(0.1)),
      );
    } finally {
      teacher.dispose();
      own.dispose();
    }
  });

  it('says what is wrong with a file, an address and a teacher of nothing', async () => {
    await writeFile(join(folder, 'no.onnx'), 'not a graph');
    const onnx = (uri: string) =>
      openTeacher(Teacher.fromPartial({ source: { $case: 'onnx', value: { uri } } }));
    await expect(onnx(uriOf('no.onnx'))).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('ONNX file cannot be loaded') as string,
    });
    await expect(onnx(uriOf('none.onnx'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(openTeacher(Teacher.fromPartial({}))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
