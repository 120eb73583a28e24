import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeMask,
  encodeMask,
  rleArea,
  rleBox,
  rleFromPolygons,
  rleFromString,
  rleIou,
  rleMerge,
  rleToString,
  type Rle,
} from '@cassl/vision';
import { hasPython, PythonPeer } from './python-peer.ts';
import { seededRandom, type Random } from './random-cases.ts';

const CASES = Number(process.env['CASSL_INTEROP_CASES'] ?? 1500);

interface PeerMasks {
  readonly strings: readonly string[];
  readonly areas: readonly number[];
  readonly boxes: readonly (readonly number[])[];
  readonly union: string;
  readonly intersection: string;
  readonly pair: string;
  readonly iou: readonly (readonly number[])[];
  readonly decoded: readonly (readonly number[])[];
}

describe.skipIf(!hasPython)("against pycocotools' mask API (needs CASSL_PYTHON)", () => {
  let peer: PythonPeer;
  beforeAll(() => {
    peer = new PythonPeer('coco-peer.py');
  });
  afterAll(() => {
    peer.close();
  });

  it(`gives the same bytes, areas, boxes and IoUs for ${CASES} random sets of masks`, async () => {
    for (let seed = 1; seed <= CASES; seed++) {
      const random = seededRandom(seed);
      const height = 1 + Math.floor(random() * (seed % 10 === 0 ? 300 : 40));
      const width = 1 + Math.floor(random() * (seed % 10 === 0 ? 300 : 40));
      const pixels = Array.from({ length: 2 }, () => randomPixels(height * width, random));
      const polygons = Array.from({ length: 3 }, () => randomPolygon(height, width, random));
      const crowd = Array.from({ length: 5 }, () => (random() < 0.3 ? 1 : 0));
      const theirs = await peer.ask<PeerMasks>({ kind: 'rle', height, width, pixels, polygons, crowd });

      const ours: Rle[] = [
        ...pixels.map((columns) => encodeMask(rowMajor(columns, height, width))),
        ...polygons.map((polygon) => rleFromPolygons([polygon], height, width)),
      ];
      const name = `seed ${seed}`;
      expect(ours.map(rleToString), name).toEqual(theirs.strings);
      expect(
        theirs.strings.map((text) => rleFromString(text, height, width)),
        name,
      ).toEqual(ours);
      expect(ours.map(rleArea), name).toEqual(theirs.areas);
      expect(
        ours.map((rle) => [...rleBox(rle)]),
        name,
      ).toEqual(theirs.boxes);
      expect(rleToString(rleMerge(ours)), name).toBe(theirs.union);
      expect(rleToString(rleMerge(ours, true)), name).toBe(theirs.intersection);
      expect(rleToString(rleMerge(ours.slice(0, 2), true)), name).toBe(theirs.pair);
      expect(Array.from(rleIou(ours, ours, crowd)), name).toEqual(theirs.iou.flat());
      ours.slice(2).forEach((rle, i) => {
        const { data } = decodeMask(rle);
        const columns = Array.from(
          { length: height * width },
          (_, at) => data[(at % height) * width + Math.floor(at / height)],
        );
        expect(columns, name).toEqual(theirs.decoded[i]);
      });
    }
  });
});

function randomPixels(count: number, random: Random): number[] {
  const stay = [0.5, 0.9, 1, 0][Math.floor(random() * 4)]!;
  let value = random() < 0.5 ? 1 : 0;
  return Array.from({ length: count }, () => (random() < stay ? value : (value = 1 - value)));
}

/** Three to nine points, some outside the image, some on pixel edges and some twice. */
function randomPolygon(height: number, width: number, random: Random): number[] {
  const digits = [1, 2, 100][Math.floor(random() * 3)]!;
  const coordinate = (side: number): number => Math.round((random() * 1.4 - 0.2) * side * digits) / digits;
  const points = Array.from({ length: 3 + Math.floor(random() * 6) }, () => [
    coordinate(width),
    coordinate(height),
  ]);
  if (random() < 0.2) points.push(points[0]!);
  return points.flat();
}

function rowMajor(columns: readonly number[], height: number, width: number) {
  const data = new Uint8Array(height * width);
  columns.forEach((value, i) => (data[(i % height) * width + Math.floor(i / height)] = value));
  return { height, width, data };
}
