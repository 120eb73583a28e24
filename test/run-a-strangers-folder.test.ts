import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const source = join(
  process.env['CASSL_SHARED'] ?? join(ROOT, '../shared'),
  'bugs/03-images-lost-in-training',
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-stranger-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.skipIf(!existsSync(source))(
  'cassl run starts services of its own, reads a folder anywhere, and says what it did not use (needs CASSL_SHARED)',
  async () => {
    const data = join(folder, 'photos');
    await cp(source, data, { recursive: true });
    // Cut in the middle of its picture: the header still reads.
    const cut = join(data, 'val2017/p3.jpg');
    await truncate(cut, Math.floor((await stat(cut)).size * 0.9));
    const out = join(folder, 'out');
    const { stderr } = await promisify(execFile)(
      process.execPath,
      [
        join(ROOT, 'libs/cli/bin/cassl.js'),
        ...['run', join(data, 'pipeline.yaml'), '--data', data],
        ...['--out', out, '--home', join(folder, 'home')],
      ],
      { timeout: 280_000 },
    );
    expect(stderr).toMatch(/data that was not used as it is, in \d of the stages/);
    expect(stderr).toContain('repaired 3 images: labels are those of the stored picture');
    const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as {
      unused: Record<string, string[]>;
    };
    const labeler = report.unused['labeler']?.join('\n') ?? '';
    expect(labeler).toContain('images       10 of 12 kept');
    // Cut-off files are found when they are used.
    expect(labeler).toMatch(/found while training:[^]*dropped \d images?: file is not a readable image/);
    // Numbers say what they are over.
    const evaluation = report.unused['evaluate/labeler']?.join('\n') ?? '';
    expect(evaluation).toMatch(/1 of 4 images could not be read: their objects count as missed/);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('Data that was not used as it is');
  },
  300_000,
);
