import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateScenes } from '@cassl/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findData } from '../init/find-data.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
let folder = '';
let photos = '';

/** As people have them: a folder of photos, a labels file beside it, and more photos. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-init-'));
  const scenes = join(folder, 'scenes');
  await generateScenes({ out: scenes, labeled: 20, unlabeled: 6, val: 2, size: 64, seed: 3 });
  photos = join(folder, 'My Photos');
  await mkdir(photos);
  await cp(join(scenes, 'train2017'), join(photos, 'shots'), { recursive: true });
  await cp(join(scenes, 'unlabeled2017'), join(photos, 'more'), { recursive: true });
  await rename(join(scenes, 'annotations/instances_train2017.json'), join(photos, 'labels.json'));
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

function cassl(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { code: status, out: stdout, err: stderr };
}

describe('cassl init', () => {
  it('writes a pipeline that keeps part of one annotation file to measure on, with reasons', async () => {
    const { code, err } = cassl('init', photos, '--out', 'p.yaml', '--minutes', '1');
    expect([code, err.split('\n').at(-2)]).toEqual([
      0,
      'wrote p.yaml; next: cassl run p.yaml --out out/my-photos --check',
    ]);
    const text = await readFile(join(folder, 'p.yaml'), 'utf8');
    expect(parse(text)).toMatchObject({
      name: 'my-photos',
      data: {
        labeled: { annotations: expect.stringMatching(/My Photos\/labels.json$/) as string, limit: 16 },
        unlabeled: expect.stringMatching(/My Photos\/more$/) as string,
        validation: { images: expect.stringMatching(/My Photos\/shots$/) as string, offset: 16 },
      },
      model: { preset: 'tiny' },
    });
    expect(text).toContain('# The score that pseudo labels must pass, δ: ');
    expect(cassl('init', photos, '--out', 'p.yaml')).toMatchObject({
      code: 2,
      err: 'cassl: p.yaml exists: --force writes it anew, --out names another\n',
    });
  }, 120_000);

  it("finds the parts of COCO's own layout", async () => {
    const coco = join(folder, 'coco');
    await generateScenes({ out: coco, labeled: 2, unlabeled: 2, val: 2, size: 64, seed: 4 });
    expect(await findData(coco)).toMatchObject({
      labeled: { images: join(coco, 'train2017') },
      validation: { images: join(coco, 'val2017') },
      unlabeled: join(coco, 'unlabeled2017'),
    });
  });

  it('finds labels that lie beside their images in the folder of each split', async () => {
    const exported = join(folder, 'exported');
    for (const [split, from] of Object.entries({ train: 'train2017', valid: 'val2017', test: 'val2017' })) {
      await cp(join(folder, 'coco', from), join(exported, split), { recursive: true });
      await cp(
        join(folder, 'coco/annotations', `instances_${from}.json`),
        join(exported, split, '_annotations.coco.json'),
      );
    }
    await expect(findData(exported)).rejects.toThrow('holds no images without labels');
    await cp(join(folder, 'coco/unlabeled2017'), join(exported, 'more'), { recursive: true });
    expect(await findData(exported)).toMatchObject({
      labeled: {
        annotations: join(exported, 'train/_annotations.coco.json'),
        images: join(exported, 'train'),
      },
      validation: { images: join(exported, 'valid') },
      unlabeled: join(exported, 'more'),
    });
    const { code, out } = cassl('data', 'check', exported, '--json');
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { usable: true, parts: [{ path: join(exported, 'train/_annotations.coco.json') }, {}] },
    ]);
  });

  it('says what is missing and which flag names it', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(findData(empty)).rejects.toThrow('name the file by --annotations');
    await writeFile(join(empty, 'a.json'), '{"images":[{"file_name":"x.jpg"}],"annotations":[]}');
    await expect(findData(empty)).rejects.toThrow('(the first is "x.jpg"): name their folder by --images');
    for (const [name, remedy] of [
      ['shots\\\\x.jpg', 'the first is "shots/x.jpg"'],
      ['/home/x.jpg', 'names are those below the folder of the images'],
    ] as const) {
      await writeFile(join(empty, 'a.json'), `{"images":[{"file_name":"${name}"}],"annotations":[]}`);
      await expect(findData(empty)).rejects.toThrow(remedy);
    }
    await writeFile(join(empty, 'a.json'), '{"images":[{"file_name":"x.jpg"}],"annotations":[]}');
    await writeFile(join(empty, 'x.jpg'), '');
    await expect(findData(empty)).rejects.toThrow(
      `put them into ${join(empty, 'unlabeled')}, or name their folder by --unlabeled`,
    );
    await writeFile(join(empty, 'b.json'), '{"images":[],"annotations":[]}');
    await expect(findData(empty)).rejects.toThrow(
      'several annotation files (a.json, b.json): choose one by --annotations',
    );
  });
});

describe('cassl data check', () => {
  it('looks at what cassl init takes: a labels file with photos in a folder beside it', async () => {
    const { code, out } = cassl('data', 'check', photos, '--json', '--pictures', 'own.html', '--count', '3');
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { usable: true, parts: [{ path: join(photos, 'labels.json'), report: { images: { kept: 20 } } }] },
    ]);
    const page = await readFile(join(folder, 'own.html'), 'utf8');
    expect(page.match(/src="data:image\/jpeg/g)).toHaveLength(3);
    expect(page).toContain(`<h1>Labels of ${photos}</h1>`);
  });
});

describe('cassl data check --pictures', () => {
  it('draws labels on a page that runs nothing, whatever files and categories are called', async () => {
    const labels = JSON.parse(await readFile(join(photos, 'labels.json'), 'utf8')) as {
      categories: { name: string }[];
    };
    labels.categories[0]!.name = '<img src=x onerror=alert(1)>';
    await writeFile(join(folder, 'evil.json'), JSON.stringify(labels));
    const args = ['--annotations', 'evil.json', '--images', join(photos, 'shots')];
    const { code } = cassl('data', 'check', ...args, '--pictures', 'new/page.html', '--count', '3');
    const page = await readFile(join(folder, 'new/page.html'), 'utf8');
    expect([code, page.match(/src="data:image\/jpeg/g)?.length]).toEqual([0, 3]);
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(page).not.toContain('<img src=x');
    expect(page).toContain("default-src 'none'");
  }, 60_000);
});
