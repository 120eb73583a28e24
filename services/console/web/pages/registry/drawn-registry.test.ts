import { Evaluation, GetLineageResponse } from '@cassl/proto';
import { h } from 'preact';
import { describe, expect, it } from 'vitest';
import { cellsOf, htmlOf, textOf } from '../../drawn.fixture.ts';
import type { Json } from '../../json.ts';
import { EvaluationTable } from './evaluation-table.tsx';
import { pullCommands } from './framework-commands.ts';
import { LineageGraph } from './lineage-graph.tsx';
import { ruleText } from './rule-text.ts';
import { stageName } from './stage-name.ts';

const HOSTILE = '<img src=x onerror=hacked()>';

/** As a message comes from the console. */
function sent<T>(message: T): Json<T> {
  return JSON.parse(JSON.stringify(message)) as Json<T>;
}

describe('evaluations of a checkpoint', () => {
  const table = (...evaluations: readonly Parameters<typeof Evaluation.fromPartial>[0][]) =>
    h(EvaluationTable, { evaluations: evaluations.map((one) => sent(Evaluation.fromPartial(one))) });

  it('are none yet', () => expect(textOf(table())).toBe('Evaluations None yet.'));

  it('have first the metrics that everybody asks for, and then all others', () => {
    const metrics = { 'own/metric': 0.5, 'segm/AP': 0.1, 'bbox/AP': 0.25 };
    const [head, row] = cellsOf(table({ id: 'e', imageCount: 5000, metrics }));
    expect(head?.slice(4)).toEqual(['bbox/AP', 'segm/AP', 'own/metric']);
    expect(row?.slice(4)).toEqual(['25.0 %', '10.0 %', '50.0 %']);
    expect(row?.[2]).toBe('5,000');
  });

  it('show a metric that was not measured, or is no number, as a dash', () => {
    const rows = cellsOf(
      table({ id: 'a', metrics: { 'bbox/AP': NaN } }, { id: 'b', metrics: { 'segm/AP': 0 } }),
    );
    expect(rows.slice(1).map((row) => row.slice(4))).toEqual([
      ['–', '–'],
      ['–', '0.0 %'],
    ]);
  });

  it('show what they say as text', () => {
    const evaluations = table({ id: HOSTILE, metrics: { [HOSTILE]: 1 } });
    expect(htmlOf(evaluations)).not.toContain('<img');
    expect(textOf(evaluations)).toContain(HOSTILE);
  });
});

describe('lineage', () => {
  const checkpoint = (digest: string, depth: number, stage: 'STAGE_LABELER' | 'STAGE_WARMUP') => ({
    ...{ id: `sha256:${digest}`, depth },
    thing: { $case: 'checkpoint' as const, value: { digest, manifest: { stage } } },
  });
  const data = (id: string, depth: number, value: object) => ({
    ...{ id: `data:${id}`, depth },
    thing: { $case: 'data' as const, value },
  });
  /** As the registry walks a warmup: breadth first, so that its labels and their teacher are as far from it. */
  const warmup = GetLineageResponse.fromPartial({
    nodes: [
      checkpoint('w', 0, 'STAGE_WARMUP'),
      data('labels', 1, { role: 'pseudo-labels', uri: 's3://b/pool/x.labelset.jsonl', license: 'CC-BY-4.0' }),
      checkpoint('t', 1, 'STAGE_LABELER'),
      data('photos', 2, { uri: 'file:///data/photos/train.json' }),
    ],
    edges: [
      { from: 'sha256:w', to: 'data:labels', relation: 'pseudo-labels' },
      { from: 'sha256:w', to: 'sha256:t', relation: 'taught-by' },
      { from: 'data:labels', to: 'sha256:t', relation: 'labeled-by' },
      { from: 'sha256:t', to: 'data:photos', relation: 'labeled' },
    ],
    licenses: [
      { id: 'data:labels', license: 'CC-BY-4.0' },
      { id: 'data:photos', license: '' },
      { id: 'sha256:t', license: '' },
    ],
  });
  const drawn = (lineage: Parameters<typeof GetLineageResponse.fromPartial>[0]) =>
    h(LineageGraph, { lineage: sent(GetLineageResponse.fromPartial(lineage)) });

  it('goes from left to right: photos, their teacher, its labels, the warmup', () => {
    const html = htmlOf(drawn(warmup));
    const cards = [...html.matchAll(/<li style="left:\s?(\d+)px[^"]*">(.*?)<\/li>/gs)];
    const order = cards
      .map(([, left, card = '']) => [Number(left), /stage-title">([^<]*)</.exec(card)?.[1]] as const)
      .sort(([a], [b]) => a - b);
    expect(order.map(([, title]) => title)).toEqual(['data', 'pseudo labeler', 'pseudo-labels', 'warmup']);
    // No line goes back.
    for (const [, x1, x2] of html.matchAll(/d="M(\d+),\d+ C[^"]* (\d+),\d+"/g))
      expect(Number(x1)).toBeLessThan(Number(x2));
  });

  it('names each licence once, and what nobody knows', () => {
    expect(textOf(drawn(warmup))).toContain('Licences it carries: CC-BY-4.0, unknown');
    expect(textOf(drawn({ nodes: [] }))).toContain('Licences it carries: none');
  });

  it('says how one came of the other, where data lies, and that there is more', () => {
    const text = textOf(drawn({ ...warmup, truncated: true }));
    expect(text).toContain('labeled by');
    expect(text).toContain('photos/train.json licence unknown');
    expect(text).toContain('older generations are not shown');
  });

  it('shows what it says as text', () => {
    const html = htmlOf(drawn({ nodes: [data('x', 0, { role: HOSTILE, uri: HOSTILE, license: HOSTILE })] }));
    expect(html).not.toContain('<img');
  });
});

describe('a rule', () => {
  const rule = (changes: object) =>
    ruleText({
      ...{
        metric: 'segm/AP',
        datasetDigest: '',
        lowerIsBetter: false,
        stage: 'STAGE_UNSPECIFIED',
        licenses: [],
      },
      ...changes,
    });

  it.each([
    [{}, ''],
    [{ minValue: 0 }, 'segm/AP ≥ 0'],
    [{ margin: 0 }, 'segm/AP higher than now by 0'],
    [{ minValue: 0.3, margin: 0.01 }, 'segm/AP ≥ 0.3; segm/AP higher than now by 0.01'],
    [{ minValue: 12, lowerIsBetter: true }, 'segm/AP ≤ 12'],
    [{ stage: 'STAGE_WARMUP' }, 'made by warmup'],
    [{ licenses: ['MIT'] }, 'licences MIT'],
  ])('%j is told as %j', (changes, text) => expect(rule(changes)).toBe(text));
});

describe('a stage of the method', () => {
  it.each([
    ['STAGE_LABELER', 'pseudo labeler'],
    ['STAGE_WARMUP', 'warmup'],
    ['STAGE_FINETUNE', 'finetuning'],
    ['STAGE_UNSPECIFIED', 'imported'],
    ['UNRECOGNIZED', 'imported'],
  ] as const)('%s is called %s', (stage, name) => expect(stageName(stage)).toBe(name));
});

describe('commands that pull a checkpoint', () => {
  const DIGEST = '0123456789abcdef'.repeat(4);
  const texts = (alias: string | undefined, url = 'https://registry.team:443'): Record<string, string> =>
    Object.fromEntries(pullCommands(DIGEST, alias, url).map(({ title, text }) => [title, text]));

  it('are one for each framework, each with another title', () => {
    expect(Object.keys(texts('demo/warmup'))).toHaveLength(pullCommands(DIGEST, undefined, '').length);
  });

  it.each([
    ['warmup', 'cassl/warmup', 'main'],
    ['demo/warmup', 'demo/warmup', 'main'],
    ['demo/warmup@prod', 'demo/warmup', 'prod'],
    ['demo/warmup/v2@prod', 'demo/warmup', 'v2/prod'],
    ['team/a/b/c', 'team/a', 'b/c'],
  ])('follow the alias %s as %s at %s', (alias, id, branch) => {
    const known = texts(alias);
    expect(known['Hugging Face Hub']).toBe(
      `HF_ENDPOINT=https://registry.team:443 hf download ${id} --revision ${branch}`,
    );
    expect(known['OCI image, mountable as a volume']).toBe(
      `skopeo inspect docker://registry.team:443/${id}:${branch.replaceAll('/', '-')}`,
    );
    expect(known['transformers']).toContain(`'${id}-transformers', revision='${branch}'`);
  });

  it('name files by the digest: they cannot become others', () => {
    const known = texts('demo/warmup');
    for (const title of ['torchvision', 'detectron2', 'mmdetection', 'AdelaiDet', 'TensorFlow.js']) {
      expect(known[title]).toContain('/v1/checkpoints/0123456789abcdef/');
      expect(known[title]).not.toContain('demo/warmup');
    }
  });
});
