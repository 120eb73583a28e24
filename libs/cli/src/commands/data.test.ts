import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = join(import.meta.dirname, '../main.ts');
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cassl-data-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function data(...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, 'data', ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Outcome;
  }
}

describe('cassl data', () => {
  it('makes scenes, checks them and exports nothing that is not there', async () => {
    const out = join(root, 'scenes');
    const made = await data(
      'scenes',
      '--out',
      out,
      '--labeled',
      '2',
      '--unlabeled',
      '1',
      '--val',
      '1',
      '--json',
    );
    expect(made.code).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({ out, images: { labeled: 2, unlabeled: 1, val: 1 } });
    const checked = await data('check', out, '--json');
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({ usable: true });
    const annotations = join(out, 'annotations/instances_train2017.json');
    const labels = ['--annotations', annotations, '--images', join(out, 'train2017')];
    const counted = await data('statistics', ...labels);
    expect(counted.stdout).toMatch(/^2 images, [1-9]\d* objects\nobjects an image: /);
    expect(JSON.parse((await data('statistics', ...labels, '--json')).stdout)).toMatchObject({ images: 2 });
    const exported = await data('export', join(root, 'no.jsonl.gz'), '--format', 'coco', '--out', root);
    expect(exported).toMatchObject({ code: 2 });
    expect(exported.stderr).toContain('no.jsonl.gz');
  });

  it('answers bad input with one line and exit code 2', async () => {
    const calls = [
      ['scenes', '--out', join(root, 'x'), '--size', 'big'],
      ['check', join(root, 'nowhere')],
      ['check', '--annotations', 'a', '--images', 'b', '--kind', 'boxes'],
      ['augment', '--sheet', join(root, 'x.png'), '--seed', 'many'],
      ['augment', '--sheet', join(root, 'x.png'), '--size', '12.5'],
    ];
    for (const { code, stderr } of await Promise.all(calls.map((args) => data(...args)))) {
      expect(code).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });

  it('reports a data set of which nothing can be used, with exit code 2', async () => {
    const annotations = join(root, 'labels.json');
    const image = { id: 1, file_name: 'gone.jpg', width: 5, height: 5 };
    await writeFile(annotations, JSON.stringify({ images: [image], annotations: [], categories: [] }));
    const { code, stdout } = await data('check', '--annotations', annotations, '--images', root);
    expect(code).toBe(2);
    expect(stdout).toContain('file is missing');
  });

  it.each([
    [
      'damaged behind its end',
      '{"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": []}\0\0',
      /is not JSON/,
    ],
    ['cut off', '{"images": [{"id": 1,', /instances_train2017\.json/],
    ['without images', '{"images": [], "annotations": []}', /lists no images/],
  ])('says of an annotation file that it is %s, not that its images are missing', async (_, text, reason) => {
    const folder = await mkdtemp(join(root, 'folder-'));
    await writeFile(join(folder, 'instances_train2017.json'), text);
    const { code, stderr } = await data('check', folder);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain('are not below');
  });
});
