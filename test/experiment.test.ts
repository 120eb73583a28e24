import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const CLI = join(ROOT, 'libs/cli/src/main.ts');

interface Result {
  readonly verdict: string;
  readonly seeds: readonly number[];
  readonly arms: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly difference: Readonly<Record<string, number>>;
  readonly interval: Readonly<Record<string, readonly [number, number]>>;
  readonly compute: Readonly<Record<string, { iterations: number; images: number }>>;
  readonly trained: { trainings: number; iterations: number };
  readonly checkpoints: Readonly<Record<string, readonly string[]>>;
}

const stage = { batchSize: 4, warmupIterations: 1 };
const settings = {
  backboneWidths: [16, 16, 32, 32],
  pyramidChannels: 16,
  towerConvolutions: 1,
  maskChannels: 8,
  resizeShortSide: 64,
  resizeLongSide: 64,
  // Nothing is learned in a few steps: then every score is near the prior.
  priorProbability: 0.3,
};
const pipeline = {
  name: 'micro',
  data: { scenes: { labeled: 8, unlabeled: 12, val: 4, size: 64, seed: 7 } },
  model: { preset: 'tiny', settings },
  labeler: { ...stage, iterations: 3 },
  warmup: { ...stage, iterations: 3 },
  finetune: { ...stage, iterations: 2 },
  threshold: 0.1,
};
const experiment = {
  name: 'micro',
  claim: 'a longer warmup is at least as good',
  pipeline: 'pipeline.yaml',
  seeds: [1, 2],
  arms: {
    short: { arms: ['none'] },
    long: { arms: ['none'], 'warmup.iterations': 5 },
    scratch: { arms: ['scratch'] },
  },
  statements: { long: 'long.boxAPAgnostic ~ short.boxAPAgnostic within 0.9' },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-experiment-'));
  await writeFile(join(folder, 'pipeline.yaml'), JSON.stringify(pipeline));
  await writeFile(join(folder, 'micro.yaml'), JSON.stringify(experiment));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function command(name: string): string[] {
  const paths = ['--out', join(folder, name, 'out'), '--home', join(folder, name, 'home')];
  return [CLI, 'experiment', join(folder, 'micro.yaml'), ...paths, '--parallel', '2'];
}

async function resultOf(name: string): Promise<Result> {
  return JSON.parse(await readFile(join(folder, name, 'out/micro.json'), 'utf8')) as Result;
}

async function run(name: string): Promise<Result> {
  await promisify(execFile)(process.execPath, command(name), { timeout: 580_000 });
  return resultOf(name);
}

describe('cassl experiment', () => {
  let whole: Result;

  it('trains what arms share once, and judges the claim', async () => {
    whole = await run('whole');
    // Of each seed one labeler, two warmups and a finetuning from scratch.
    expect(whole.trained).toMatchObject({ trainings: 2 * 4, iterations: 2 * (3 + 3 + 5 + 2) });
    expect(whole.compute).toMatchObject({
      short: { iterations: 6, images: 24 },
      long: { iterations: 8, images: 32 },
      scratch: { iterations: 2, images: 8 },
    });
    expect(whole.seeds).toEqual([1, 2]);
    expect(whole.verdict).toBe('holds');
    expect(whole.interval['long']).toHaveLength(2);
    const report = await readFile(join(folder, 'whole/out/report.html'), 'utf8');
    expect(report).toContain('a longer warmup is at least as good');
    expect(report).toContain('data:image/jpeg');
  }, 600_000);

  it('killed in the middle, goes on at what is not done and ends with the same numbers and weights', async () => {
    const child = spawn(process.execPath, command('killed'), { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    const exited = once(child, 'exit');
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (/: warmup\n/.test(text)) child.kill('SIGKILL');
    });
    await exited;
    expect(child.signalCode).toBe('SIGKILL');
    const resumed = await run('killed');
    expect(resumed.checkpoints).toEqual(whole.checkpoints);
    expect(resumed.arms).toEqual(whole.arms);
    expect(resumed.difference).toEqual(whole.difference);
  }, 900_000);
});
