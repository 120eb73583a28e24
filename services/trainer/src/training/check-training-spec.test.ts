import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TrainingSpec } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkTrainingSpec } from './check-training-spec.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cassl-spec-'));
  await writeFile(join(folder, 'a.json'), '{}');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const schedule = { iterations: 1, batchSize: 1, learningRate: 0.1 };
const labeled = (value: object): object => ({ data: { $case: 'labeled' as const, value } });
const pseudo = (value: object): object => ({
  data: {
    $case: 'pseudoLabels' as const,
    value: { images: { uri: 'file:///tmp' }, threshold: 0.5, ...value },
  },
});
const specOf = (change: object): TrainingSpec =>
  TrainingSpec.fromPartial({
    model: { preset: 'tiny' },
    ...labeled({
      annotationsUri: pathToFileURL(join(folder, 'a.json')).href,
      imagesUri: pathToFileURL(folder).href,
    }),
    schedule,
    ...change,
  });

describe('checkTrainingSpec', () => {
  it('takes what can run', async () => {
    const checked = await checkTrainingSpec(specOf({ alias: 'demo/labeler', augmentation: 'jitter' }));
    expect(checked.model?.preset).toBe('tiny');
  });

  it.each([
    [{ model: undefined }, /TrainingSpec\.model\.preset is missing/],
    [{ model: { preset: 'tinny' } }, /TrainingSpec\.model: detector preset 'tinny' does not exist/],
    [
      { model: { preset: 'tiny', overrides: { pyramidChannels: -1 } } },
      /TrainingSpec\.model: .*pyramidChannels/,
    ],
    [{ augmentation: 'strong' }, /TrainingSpec\.augmentation must be one of .*got "strong"/],
    [{ alias: '../../x' }, /TrainingSpec\.alias must be .*got "\.\.\/\.\.\/x"/],
    [{ alias: 'Demo Labeler' }, /TrainingSpec\.alias must be/],
    [{ alias: 'deadbeef' }, /not look like a digest/],
    [{ tags: { note: 'x'.repeat(2_000) } }, /TrainingSpec\.tags\["note"\] must be at most 1024 bytes/],
    [{ gpus: 65 }, /TrainingSpec\.gpus must be in \[0, 64\], got 65/],
    [{ gpus: 1, ranks: 1 }, /takes gpus or ranks/],
    [{ nodes: 2, ranks: 2 }, /asks for 4 ranks.*batch of 1: schedule\.batch_size must be at least 4/],
    [{ data: undefined }, /TrainingSpec\.data is missing/],
    [{ schedule: { ...schedule, iterations: 0 } }, /schedule\.iterations must be in \[1, 10000000\], got 0/],
    [
      { schedule: { ...schedule, batchSize: 4e9 } },
      /schedule\.batch_size must be in \[1, 256\], got 4000000000/,
    ],
    [{ schedule: { ...schedule, learningRate: NaN } }, /learning_rate must be in \(0, 100\], got NaN/],
    [
      { schedule: { ...schedule, learningRate: Infinity } },
      /learning_rate must be in \(0, 100\], got Infinity/,
    ],
    [{ schedule: { ...schedule, weightDecay: Infinity } }, /weight_decay must be in \[0, 10\], got Infinity/],
    [labeled({ annotationsUri: '/a.json', imagesUri: 'file:///b' }), /annotations_uri .*got "\/a\.json"/],
    [labeled({ annotationsUri: 'file:///nowhere/a.json', imagesUri: 'file:///tmp' }), /\/nowhere\/a\.json/],
    [{ data: { $case: 'pseudoLabels' as const, value: { labelUris: [] } } }, /label_uris is empty/],
    [pseudo({ labelSet: 'file:///a', labelUris: ['file:///b'] }), /got both: label_uris is 1 addresses/],
    [pseudo({ labelSet: 'labels' }), /TrainingSpec\.pseudo_labels\.label_set .*got "labels"/],
    [pseudo({ labelSet: 'file:///tmp/a', threshold: 1 }), /threshold must be in \[0, 1\), got 1/],
    [pseudo({ labelSet: 'file:///tmp/a', images: { uri: '' } }), /TrainingSpec\.pseudo_labels\.images\.uri/],
    [{ schedule: undefined }, /TrainingSpec\.schedule is missing/],
    [
      { schedule: { ...schedule, decay: 'DECAY_MULTISTEP', milestones: [5, 5] } },
      /milestones must rise from 1, got 5, 5/,
    ],
    [
      { schedule: { ...schedule, decay: 'DECAY_MULTISTEP', milestones: [0] } },
      /milestones must rise from 1, got 0/,
    ],
    [{ schedule: { ...schedule, inheritedRate: 1.5 } }, /inherited_rate must be in \[0, 1\], got 1\.5/],
    [{ schedule: { ...schedule, clipNorm: -1 } }, /clip_norm must be in \[0, /],
    [
      { initialization: { backboneUri: 'file:///nowhere/backbone.pth' } },
      /TrainingSpec\.initialization\.backbone_uri/,
    ],
  ])('refuses %j and names the field', async (change, message) => {
    await expect(checkTrainingSpec(specOf(change))).rejects.toThrow(message);
  });
});
