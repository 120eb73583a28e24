import { Pipeline, Training } from '@cassl/proto';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import type { ArmRun } from './arm-run.ts';
import type { Experiment } from './read-experiment-file.ts';
import { toExperimentJson } from './experiment-json.ts';
import { ExperimentPage } from './experiment-page.ts';
import { formatExperiment } from './experiment-table.ts';
import { parseStatement } from './parse-statement.ts';

const experiment: Experiment = {
  path: 'e.yaml',
  file: {
    name: 'more-images',
    claim: 'More <images> are better',
    pipeline: 'p.yaml',
    set: {},
    seeds: [1, 2, 3],
    arms: { many: {}, few: {} },
    statements: { gain: 'many.boxAP > few.boxAP' },
  },
  arms: ['many', 'few'].map((name) => ({ name, measured: 'warmup', pipeline: {} as never })),
  statements: parseStatement('gain', 'many.boxAP > few.boxAP'),
};

/** Both arms share the labeler of their seed. */
function run(arm: string, seed: number, boxAP: number): ArmRun {
  const training = (id: string, iterations: number): Training =>
    Training.fromPartial({
      status: { id, startedAt: new Date(0), finishedAt: new Date(60_000) },
      spec: { schedule: { iterations, batchSize: 8 } },
      checkpointDigest: `digest of ${id}`,
      curve: [
        { iteration: 1, losses: { total: 3 } },
        { iteration: iterations, losses: { total: 1 } },
      ],
    });
  return {
    arm,
    seed,
    pipeline: Pipeline.fromPartial({ report: { engine: 'torch' } }),
    metrics: { boxAP, 'warmup.boxAPAgnostic': 0.3 },
    trainings: [
      { stage: 'labeler', training: training(`labeler-${seed}`, 100) },
      { stage: `finetune/warmup/${seed}`, training: training(`finetune-${arm}-${seed}`, 50) },
    ],
  };
}

const runs = [
  run('many', 1, 0.3),
  run('few', 1, 0.2),
  run('many', 2, 0.31),
  run('few', 2, 0.22),
  run('many', 3, 0.33),
];

describe('an experiment in the middle', () => {
  const json = toExperimentJson(experiment, runs, ['cassl experiment e.yaml --out out']);

  it('counts the seeds of which every arm has ended, names the others, and is undecided until all have', () => {
    expect(json).toMatchObject({ seeds: [1, 2], missingSeeds: [3], verdict: 'undecided' });
    expect(json.difference).toEqual({ gain: 0.095 });
    expect(json.arms['few']).toEqual({ boxAP: [0.2, 0.22], 'warmup.boxAPAgnostic': [0.3, 0.3] });
    expect(json.summary['few']?.['boxAP']).toEqual({ mean: 0.21, std: 0.01414 });
    expect(json.checkpoints['many']).toEqual(['digest of finetune-many-1', 'digest of finetune-many-2']);
  });

  it('gives an arm all that it would cost alone, and the whole what was really trained', () => {
    expect(json.compute['many']).toEqual({ iterations: 150, images: 1200, seconds: 120 });
    expect(json.trained).toEqual({ trainings: 6, iterations: 400, images: 3200, seconds: 360 });
  });

  it('is shown with its numbers on a terminal', () => {
    const text = formatExperiment(json);
    expect(text).toContain('gain: many.boxAP > few.boxAP  +9.5');
    expect(text).toContain('undecided, over seeds 1, 2, without 3 so far');
    expect(text).toMatch(/many +30\.5 ± 0\.7/);
  });

  it('is a page with escaped text, curves once a training, and pictures', () => {
    const picture = 'data:image/jpeg;base64,AAAA';
    const first = runs.filter(({ seed }) => seed === 1);
    const pictures = [{ title: 'a.jpg', panels: [{ caption: 'many', picture }] }];
    const html = renderToString(h(ExperimentPage, { json, runs: first, pictures }));
    expect(html).toContain('More &lt;images> are better');
    expect(html).toContain(`src="${picture}"`);
    expect(html).toContain('+9.5');
    const labelers = html.slice(html.indexOf('Loss of the labelers'), html.indexOf('Loss of finetuning'));
    expect(labelers.match(/<polyline/g)).toHaveLength(1);
  });
});
