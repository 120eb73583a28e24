import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const main = join(import.meta.dirname, '../main.ts');

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function summary(...args: string[]): Promise<Outcome> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [main, 'summary', ...args])) };
  } catch (error) {
    return error as Outcome;
  }
}

interface SummaryJson {
  readonly parameters: { total: number; frozenNorms: number; parts: Record<string, number> };
  readonly size: { height: number; width: number };
  readonly gflop: number;
  readonly activationBytes: number;
}

const json = async (...args: string[]): Promise<SummaryJson> =>
  JSON.parse((await summary(...args, '--json')).stdout) as SummaryJson;

describe('cassl summary', () => {
  it('gives the published counts of CondInst on ResNet-50 with 80 classes', async () => {
    const { parameters } = await json('--backbone', 'resnet50', '--classes', '80', '--masks');
    expect(parameters.total).toBe(34_164_299);
    expect(parameters.total - parameters.frozenNorms).toBe(34_111_179);
    expect(parameters.parts.backbone).toBe(23_508_032);
    expect(parameters.parts.neck).toBe(3_868_672);
    expect(Object.values(parameters.parts).reduce((sum, count) => sum + count)).toBe(parameters.total);
  });

  it('gives each part’s parameters once', async () => {
    const { parts } = JSON.parse((await summary('condinst-r50', '--json')).stdout) as {
      parts: Record<string, object>;
    };
    expect(Object.keys(parts)).toEqual(['backbone', 'neck', 'head', 'classifier']);
    for (const part of Object.values(parts)) expect(Object.keys(part)).toEqual(['gflop', 'activationBytes']);
  });

  it('gives those of presets and files, with changes', async () => {
    expect((await json('entity-swin-t')).parameters.total).toBe(39_813_338);
    const folder = await mkdtemp(join(tmpdir(), 'cassl-summary-'));
    const file = join(folder, 'model.yaml');
    await writeFile(file, 'backbone: swin-t\nclasses: 80\n');
    expect((await json(file)).parameters.total).toBe(37_603_525);
    // Frozen stages weigh what free ones do.
    await writeFile(file, 'classes: 80\nfrozenStages: 2\n');
    expect((await json(file)).parameters).toMatchObject({ total: 34_164_299, frozenNorms: 53_120 });
    await writeFile(file, 'backbone: swin-t\nclases: 80\n');
    const { code, stderr } = await summary(file);
    expect(code).toBe(2);
    expect(stderr).toContain('clases');
    await rm(folder, { recursive: true });
  });

  it('counts work and memory at the asked size', async () => {
    const small = await json('--backbone', 'resnet50', '--size', '320x320');
    const large = await json('--backbone', 'resnet50', '--size', '640x640');
    expect(small.size).toEqual({ height: 320, width: 320 });
    expect(large.gflop / small.gflop).toBeCloseTo(4, 1);
    expect(large.activationBytes / small.activationBytes).toBeCloseTo(4, 1);
  });

  it('prints a table for people and one clear line for what is wrong', async () => {
    const { stdout } = await summary('condinst-r50', '--classes', '80');
    expect(stdout).toMatch(/total\s+34,164,299/);
    for (const [args, message] of [
      [['--backbone', 'vgg'], /backbone/],
      [['--size', '12'], /--size must be HxW/],
      [
        ['--classes', '0'],
        /--classes <count>' argument '0' is invalid. It must be a whole number, at least 1/,
      ],
      [['nowhere'], /neither a readable file nor a preset/],
    ] as const) {
      const { code, stderr } = await summary(...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
    }
  });
});
