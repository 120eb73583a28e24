import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MASK, serveScripted, type ScriptedFaces } from '../http/scripted-inference.fixture.ts';

/** `pip install label-studio` in an environment of its own: it brings a hundred packages at versions of its own. */
const python = process.env['CASSL_LABEL_STUDIO_PYTHON'] ?? 'none';
const hasStudio =
  spawnSync(python, ['-c', 'import label_studio, label_studio_sdk'], { timeout: 120_000 }).status === 0;

const CONFIG = (control: string): string =>
  `<View><Image name="img" value="$picture"/><${control} name="tag" toName="img">` +
  `<Label value="Pet" predicted_values="cat"/><Label value="Dog"/></${control}></View>`;
const image = `data:image/png;base64,${Buffer.from('photo').toString('base64')}`;

describe.skipIf(!hasStudio)('Label Studio’s own code (needs CASSL_LABEL_STUDIO_PYTHON)', () => {
  let test: ScriptedFaces;
  beforeAll(async () => {
    test = await serveScripted();
  });
  afterAll(() => test.stop());

  it.each([
    ['BrushLabels', 'brushlabels'],
    ['PolygonLabels', 'polygonlabels'],
    ['RectangleLabels', 'rectanglelabels'],
  ])('connects, and finds nothing wrong with predictions of %s', async (control, type) => {
    const address = `${test.http.url}/label-studio/shop/prod`;
    const script = join(import.meta.dirname, 'label-studio.interop.py');
    const { stdout } = await promisify(execFile)(python, [script, address, CONFIG(control), image], {
      timeout: 300_000,
    });
    const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
    const version = 'shop/prod abcdef012345';
    expect(seen).toMatchObject({
      health: ['ok', 200, { status: 'UP' }],
      validate: ['ok', 200, { status: 'ok' }],
      setup: ['ok', 200, { model_version: version }],
      versions: ['ok', 200, { versions: [version] }],
      predict: ['ok', 200, version],
      problems: [[], []],
    });
    for (const types of seen['types'] as string[][]) {
      expect(types.length).toBeGreaterThan(0);
      expect(new Set(types)).toEqual(new Set([type]));
    }
    const masks = seen['masks'] as number[][];
    expect(masks).toHaveLength(type === 'brushlabels' ? 4 : 0);
    if (type === 'brushlabels') expect(masks[0]?.map((value) => Number(value > 0))).toEqual([...MASK.data]);
  });
});
