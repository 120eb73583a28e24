import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elementCount, float32Tensor, writeSafetensors } from '@cassl/checkpoints';
import { generateScenes } from '@cassl/datasets';
import { detectorPreset, listParameters } from '@cassl/detector';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cassl, isPlain, type Ended } from './in-process.fixture.ts';
import { writeEndpoints } from './local/find-services.ts';
import { startLocalServices, type LocalServices } from './local/start-local-services.ts';

const CONFIG = detectorPreset('tiny', { classes: 2 });
const LABELS = '--annotations scenes/annotations/instances_train2017.json --images scenes/train2017';
/** Each goes on where the one before ended; SET is the label set, MADE the one made last. */
const CALLS: readonly string[] = [
  'doctor',
  'summary tiny',
  `data check ${LABELS}`,
  `data statistics ${LABELS}`,
  'data scenes --out more --labeled 1 --unlabeled 1 --val 1 --size 32',
  'eval --gt scenes/annotations/instances_train2017.json --results results.json',
  'export tiny.safetensors --for torchvision --out torchvision.safetensors --partial',
  'push tiny.safetensors --alias team/tiny --manifest manifest.json',
  'alias list',
  'alias list team/',
  'alias show team/tiny',
  'alias set team/other team/tiny --reason walked',
  'alias set team/other team/tiny --dry-run',
  `alias rule team/other --metric bbox/AP --dataset ${'a'.repeat(64)} --min 0.1`,
  'alias delete team/other',
  'checkpoints list',
  'checkpoints show team/tiny',
  'checkpoints lineage team/tiny',
  'checkpoints verify team/tiny',
  'checkpoints prune --older-than-days 9',
  'pull team/tiny --out pulled.safetensors',
  'pull team/tiny --oci --out image',
  'labels import scenes/annotations/instances_train2017.json --images scenes/train2017 --out labels',
  'labels show SET',
  'labels threshold SET 0.5',
  'labels compare SET MADE',
  'labels merge SET SET --first-wins',
  `labels choose SET ${LABELS} --precision 0.5`,
  'labels export SET --format coco --out coco',
  'jobs list',
];
/** What the registry, the labeler and the shell's own files do not have. */
const REFUSED: readonly (readonly [call: string, named: RegExp])[] = [
  ['alias show team/gone', /team\/gone/],
  ['alias set team/other gone', /gone/],
  ['alias rollback team/gone', /team\/gone/],
  ['alias delete team/gone', /team\/gone/],
  ['checkpoints show gone', /gone/],
  ['checkpoints lineage gone', /gone/],
  ['checkpoints verify gone', /gone/],
  ['checkpoints delete aaaaaaaaaaaaaaaa', /aaaaaaaa/],
  ['pull gone --out gone.safetensors', /gone/],
  ['push gone.safetensors', /gone\.safetensors/],
  ['labels show gone.labelset.jsonl', /gone\.labelset\.jsonl/],
  ['labels threshold gone.labelset.jsonl 0.5', /gone\.labelset\.jsonl/],
  ['labels merge gone.labelset.jsonl gone2', /gone\.labelset\.jsonl/],
  ['labels compare gone.labelset.jsonl gone2', /gone\.labelset\.jsonl/],
  ['labels remove gone.labelset.jsonl --teacher any', /gone\.labelset\.jsonl/],
  [`labels choose gone.labelset.jsonl ${LABELS} --precision 0.5`, /gone\.labelset\.jsonl/],
  ['labels export gone.labelset.jsonl --format coco --out out', /gone\.labelset\.jsonl/],
  ['detect gone.jpg --alias team/tiny', /gone\.jpg/],
  ['label gone.jpg --alias team/tiny', /gone\.jpg/],
  ['jobs show training/gone', /training\/gone/],
];

describe('every command with an answer', () => {
  let folder = '';
  let services: LocalServices;
  const before = process.cwd();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-answers-'));
    process.chdir(folder);
    await generateScenes({ out: 'scenes', labeled: 3, unlabeled: 1, val: 1, size: 48, seed: 1 });
    await writeFile('results.json', '[]');
    const state = [...listParameters(CONFIG)].map(
      ([name, { shape }]) =>
        [name, float32Tensor(shape, new Float32Array(elementCount(shape)).fill(0.1))] as const,
    );
    await writeSafetensors('tiny.safetensors', new Map(state));
    const categories = ['cat', 'dog'].map((name, id) => ({ id: id + 1, name }));
    await writeFile('manifest.json', JSON.stringify({ model: CONFIG, categories, license: 'Apache-2.0' }));
    const roots = { data: [folder], output: [folder] };
    services = await startLocalServices({ home: '.cassl', roots });
    await writeEndpoints('.cassl', services);
  }, 120_000);
  afterAll(async () => {
    await services.stop();
    process.chdir(before);
    await rm(folder, { recursive: true, force: true });
  });

  it('prints JSON alone on standard output with --json, and plain text without', async () => {
    let [set, made] = ['', ''];
    for (const call of CALLS) {
      const words = call.split(' ').map((word) => (word === 'SET' ? set : word === 'MADE' ? made : word));
      const asJson = await cassl(...words, '--json');
      expect([call, asJson.code, asJson.code === 0 ? jsonLines(asJson) : asJson.err]).toEqual([
        call,
        0,
        expect.any(Array),
      ]);
      expect([call, isPlain(asJson.err)]).toEqual([call, true]);
      const address = /"(file:[^"]+\.labelset\.jsonl)"/.exec(asJson.out)?.[1] ?? '';
      if (call.startsWith('labels import')) set = address;
      else if (address !== set && address !== '') made = address;
    }
    for (const call of [
      'alias list',
      'checkpoints list',
      'jobs list',
      'doctor',
      'summary tiny',
      'alias show team/tiny',
    ]) {
      const { code, out, err } = await cassl(...call.split(' '));
      expect([call, code, isPlain(out + err), out.startsWith('{')]).toEqual([call, 0, true, false]);
    }
  }, 120_000);

  it.each(REFUSED)(
    'names what is not there, and ends with 2: cassl %s',
    async (call, named) => {
      const { code, out, err } = await cassl(...call.split(' '));
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(named);
      expect(isPlain(err)).toBe(true);
    },
    60_000,
  );
});

function jsonLines({ out }: Ended): unknown {
  try {
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  } catch (error) {
    return `${String(error)} in ${out.slice(0, 300)}`;
  }
}
