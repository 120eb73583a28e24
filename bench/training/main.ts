import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateScenes } from '@cassl/datasets';
import { option, type BenchmarkOptions } from '../options.ts';
import { trainOnCores, type Speed } from './train-on-cores.ts';

/** The claim: two ranks with a core each do at least this part of twice what one does on one core. */
const LEAST = 0.9;
const IMAGES_A_RANK = 4;

/**
 * Data-parallel training: images a second of one rank on one core, of two ranks with a core each, and of two trainings that know nothing
 * of each other with a core each (what the machine's memory allows), in turn, by the trainer's own worker, data thread included. `--preset NAME` (default tiny), `--size PX` (128), `--steps N` (40), `--turns N` (3).
 */
export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const preset = option(argv, '--preset') ?? 'tiny';
  const size = Number(option(argv, '--size') ?? 128);
  const steps = Number(option(argv, '--steps') ?? 40);
  const turns = Number(option(argv, '--turns') ?? 3);
  const root = await mkdtemp(join(tmpdir(), 'cassl-bench-'));
  try {
    await generateScenes({ out: root, labeled: 100, unlabeled: 0, val: 0, size });
    const train = (ranks: number, firstCore = 0): Promise<Speed> =>
      trainOnCores({ root, preset, size, steps, ranks, firstCore, batchSize: ranks * IMAGES_A_RANK });
    const rounds: { one: Speed; two: Speed; apart: Speed[] }[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const [one, two] = [await train(1), await train(2)];
      rounds.push({ one, two, apart: await Promise.all([train(1, 0), train(1, 1)]) });
      console.error(`bench training: turn ${turn + 1} of ${turns}: ${JSON.stringify(rounds.at(-1))}`);
    }
    const result = {
      preset,
      size,
      batchOfRank: IMAGES_A_RANK,
      least: LEAST,
      ratios: {
        // Of a machine that others use too, the second is the one to trust.
        wallOfTwiceOne: median(rounds.map(({ one, two }) => two.imagesPerSecond / (2 * one.imagesPerSecond))),
        processorOfOne: median(rounds.map(({ one, two }) => one.cpuSecondsPerImage / two.cpuSecondsPerImage)),
        wallOfTwoApart: median(rounds.map(({ two, apart }) => two.imagesPerSecond / sumOfSpeeds(apart))),
        apartOfTwiceOne: median(
          rounds.map(({ one, apart }) => sumOfSpeeds(apart) / (2 * one.imagesPerSecond)),
        ),
      },
      rounds,
    };
    if (json) console.log(JSON.stringify(result));
    else console.table(result.ratios);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function sumOfSpeeds(speeds: readonly Speed[]): number {
  return speeds.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
