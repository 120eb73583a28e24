import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePanopticFiles } from '@cassl/metrics';
import { encodePngIds } from '@cassl/vision';
import { hasPython, PYTHON } from './python-peer.ts';
import { seededRandom, type Random } from './random-cases.ts';

const SIDE = 24;

interface PeerQuality {
  readonly source: string;
  readonly all: readonly number[];
  readonly things: readonly number[];
  readonly stuff: readonly number[];
}

describe.skipIf(!hasPython)('panoptic quality against Python (needs CASSL_PYTHON)', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-panoptic-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('agrees to 1e-9 on random scenes with void, crowds and near misses', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      await writeScenes(folder, 40, seededRandom(seed));
      const output = execFileSync(PYTHON, [join(import.meta.dirname, 'panoptic-peer.py'), folder], {
        encoding: 'utf8',
      });
      const theirs = JSON.parse(output.trim().split('\n').at(-1)!) as PeerQuality;
      const ours = await evaluatePanopticFiles({
        groundTruth: join(folder, 'gt.json'),
        groundTruthFolder: join(folder, 'gt'),
        results: join(folder, 'dt.json'),
        resultsFolder: join(folder, 'dt'),
      });
      for (const part of ['all', 'things', 'stuff'] as const) {
        const { PQ, SQ, RQ } = ours[part];
        [PQ, SQ, RQ].forEach((value, i) => {
          expect(Math.abs(value! - theirs[part][i]!), `${theirs.source}, seed ${seed}, ${part}`).toBeLessThan(
            1e-9,
          );
        });
      }
      expect(ours.all.PQ).toBeGreaterThan(0.1);
    }
  });
});

async function writeScenes(folder: string, images: number, random: Random): Promise<void> {
  const whole = (below: number): number => Math.floor(random() * below);
  const categories = Array.from({ length: 6 }, (_, i) => ({ id: i + 1, name: `c${i}`, isthing: i % 2 }));
  const sides = { gt: [] as unknown[], dt: [] as unknown[] };
  await mkdir(join(folder, 'gt'), { recursive: true });
  await mkdir(join(folder, 'dt'), { recursive: true });
  for (let image = 1; image <= images; image++) {
    const gt = new Int32Array(SIDE * SIDE);
    const category = new Map<number, number>();
    for (let i = 0; i < 7; i++) {
      const id = 1 + whole(2 ** 24 - 1);
      category.set(id, 1 + whole(6));
      paint(gt, id, whole(SIDE), whole(SIDE), 3 + whole(12), 3 + whole(12));
    }
    // The prediction is the truth with some segments renamed, moved, merged or dropped.
    const dt = gt.map((id, at) => (at > 0 && random() < 0.04 ? gt[at - 1]! : id));
    for (let i = 0; i < 3; i++)
      paint(dt, 1 + whole(2 ** 24 - 1), whole(SIDE), whole(SIDE), 1 + whole(9), 1 + whole(9));
    const crowds = new Set([...category.keys()].filter(() => random() < 0.2));
    for (const [side, ids] of [['gt', gt] as const, ['dt', dt] as const]) {
      const name = `${image}.png`;
      await writeFile(join(folder, side, name), await encodePngIds({ width: SIDE, height: SIDE, ids }));
      const segments = [...new Set(ids)].filter((id) => id !== 0);
      sides[side].push({
        image_id: image,
        file_name: name,
        segments_info: segments.map((id) => ({
          id,
          category_id: (random() < 0.9 || side === 'gt' ? category.get(id) : undefined) ?? 1 + whole(6),
          iscrowd: side === 'gt' && crowds.has(id) ? 1 : 0,
          area: ids.reduce((count, value) => count + Number(value === id), 0),
        })),
      });
    }
  }
  await writeFile(join(folder, 'gt.json'), JSON.stringify({ annotations: sides.gt, categories, images: [] }));
  await writeFile(join(folder, 'dt.json'), JSON.stringify({ annotations: sides.dt }));
}

function paint(ids: Int32Array, id: number, x: number, y: number, w: number, h: number): void {
  for (let row = y; row < Math.min(SIDE, y + h); row++) {
    for (let column = x; column < Math.min(SIDE, x + w); column++) ids[row * SIDE + column] = id;
  }
}
