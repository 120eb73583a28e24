import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COCO_KEYPOINT_SIGMAS, evaluateCocoFiles, type EvaluationType } from '@cassl/metrics';
import { rleFromPolygons, rleToString } from '@cassl/vision';
import { hasPython, PythonPeer } from './python-peer.ts';
import { randomCocoCase, type CocoCase } from './random-cases.ts';

// Five kinds of evaluation, so 2,500 in all.
const CASES = Number(process.env['CASSL_INTEROP_CASES'] ?? 500);

interface PeerEvaluation {
  readonly stats: readonly number[];
  readonly perCategory: readonly number[];
  /** [T, R, K, A] at the most detections. */
  readonly precision: readonly number[];
  /** [T, K, A, M] */
  readonly recall: readonly number[];
  /** As precision. */
  readonly scores: readonly number[];
}

describe.skipIf(!hasPython)('against pycocotools (needs CASSL_PYTHON)', () => {
  let peer: PythonPeer;
  let folder: string;
  beforeAll(async () => {
    peer = new PythonPeer('coco-peer.py');
    folder = await mkdtemp(join(tmpdir(), 'cassl-interop-'));
  });
  afterAll(async () => {
    peer.close();
    await rm(folder, { recursive: true });
  });

  const types: [EvaluationType, boolean][] = [
    ['bbox', false],
    ['segm', false],
    ['keypoints', false],
    ['bbox', true],
    ['segm', true],
  ];
  it.each(types)(
    `agrees to 1e-9, whole arrays too, on ${CASES} random cases of %s, class-agnostic (useCats = 0): %s`,
    async (type, agnostic) => {
      let compared = 0;
      for (let seed = 1; seed <= CASES; seed++) {
        const { gt, dt } = withMasks(randomCocoCase(type, seed + (agnostic ? 1e6 : 0)), type, seed);
        const expected = await peer.ask<PeerEvaluation>({
          kind: 'evaluate',
          type,
          sigmas: COCO_KEYPOINT_SIGMAS,
          gt,
          dt,
          agnostic,
        });
        const [groundTruth, results] = [join(folder, 'gt.json'), join(folder, 'dt.json')];
        await writeFile(groundTruth, JSON.stringify(gt));
        await writeFile(results, JSON.stringify(dt));
        const { summary } = await evaluateCocoFiles({ type, groundTruth, results, classAgnostic: agnostic });
        expectEqual(
          Object.values(summary.numbers) as (number | null)[],
          expected.stats,
          `${type} seed ${seed}`,
        );
        expectEqual(
          summary.perCategory.map(({ AP }) => AP),
          expected.perCategory,
          `${type} seed ${seed}, per category`,
        );
        const name = `${type} seed ${seed}`;
        expectEqual([...summary.table.precision], expected.precision, `${name}, precision array`);
        expectEqual([...summary.table.recall], expected.recall, `${name}, recall array`);
        expectEqual([...summary.table.score], expected.scores, `${name}, score array`);
        compared += expected.stats.filter((value) => value > 0).length;
      }
      // Cases without any number above 0 would agree for the wrong reason.
      expect(compared).toBeGreaterThan(CASES);
    },
  );
});

function expectEqual(ours: readonly (number | null)[], theirs: readonly number[], name: string): void {
  expect(ours.length, name).toBe(theirs.length);
  // One assertion for thousands of numbers: the first that differs.
  const wrong = theirs.findIndex((value, i) => !(Math.abs((ours[i] ?? -1) - value) < 1e-9));
  expect(wrong < 0 ? '' : `number ${wrong}: ${ours[wrong]} and ${theirs[wrong]}`, name).toBe('');
}

/** Masks of results as strings, which is all pycocotools reads; those of the truth in each of COCO's three forms. */
function withMasks({ gt, dt }: CocoCase, type: EvaluationType, seed: number): CocoCase {
  if (type !== 'segm') return { gt, dt };
  const { height, width } = gt.images[0]!;
  return {
    gt: {
      ...gt,
      annotations: gt.annotations.map((annotation, i) => {
        const polygons = annotation['segmentation'] as number[][];
        const rle = rleFromPolygons(polygons, height, width);
        const forms = [
          polygons,
          { size: [height, width], counts: Array.from(rle.counts) },
          { size: [height, width], counts: rleToString(rle) },
        ];
        return { ...annotation, segmentation: forms[(i + seed) % 3] };
      }),
    },
    dt: dt.map(({ polygon, ...entry }) => {
      const rle = rleFromPolygons([polygon as number[]], height, width);
      return { ...entry, segmentation: { size: [height, width], counts: rleToString(rle) } };
    }),
  };
}
