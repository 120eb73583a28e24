import type { Dataset, LabeledImage } from '@cassl/datasets';
import { MetricKind } from '@cassl/proto';
import { encodeMask, type Detection, type Instance, type Xyxy } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import type { Findings } from './find-detections.ts';
import { chooseMetrics, createMeasures } from './measures.ts';

const instance = (box: Xyxy, category: number): Instance => ({ box, category, crowd: false, area: 100 });
const detection = (box: Xyxy, category: number, score: number): Detection => ({ box, category, score });

const image: LabeledImage = {
  id: 1,
  key: 'a.jpg',
  location: { store: 'file:///x', key: 'a.jpg' },
  width: 100,
  height: 100,
  instances: [instance([0, 0, 10, 10], 0), instance([50, 50, 60, 60], 1)],
};
const dataset = {
  images: [image],
  categories: [
    { index: 0, name: 'cat', sourceIds: [17] },
    { index: 1, name: 'dog', sourceIds: [18] },
  ],
} as unknown as Dataset;

function findings(names: readonly string[], hasMasks = false): Findings {
  return {
    categories: names.map((name, index) => ({ id: index + 1, name })),
    hasMasks,
    checkpointDigest: '',
    images: () => {
      throw new Error('not used');
    },
  };
}

describe('createMeasures', () => {
  it('brings the model’s channels into the data set’s order by name', () => {
    const found = findings(['dog', 'cat']);
    const measures = createMeasures([MetricKind.METRIC_KIND_BBOX], dataset, found, []);
    const detections = [detection([0, 0, 10, 10], 1, 0.9), detection([50, 50, 60, 60], 0, 0.8)];
    for (const measure of measures.all) measure.add(image, detections);
    expect(measures.result().metrics['bbox/AP']).toBeCloseTo(1);
  });

  it('collapses classes on both sides for class-agnostic numbers', () => {
    const kinds = [MetricKind.METRIC_KIND_BBOX, MetricKind.METRIC_KIND_BBOX_AGNOSTIC];
    const measures = createMeasures(kinds, dataset, findings(['cat', 'dog']), []);
    const swapped = [detection([0, 0, 10, 10], 1, 0.9), detection([50, 50, 60, 60], 0, 0.8)];
    for (const measure of measures.all) measure.add(image, swapped);
    const { metrics } = measures.result();
    expect(metrics['bbox/AP']).toBeCloseTo(0);
    expect(metrics['bbox-agnostic/AP']).toBeCloseTo(1);
    // COCO prints -1 where no object is that large.
    expect(metrics).not.toHaveProperty('bbox/APl');
  });

  it('sweeps thresholds and chooses the one of the best F1', () => {
    const kinds = [MetricKind.METRIC_KIND_PSEUDO_LABELS];
    const measures = createMeasures(kinds, dataset, findings(['object']), [0.1, 0.5]);
    const labels = [
      detection([0, 0, 10, 10], 0, 0.9),
      detection([50, 50, 60, 60], 0, 0.8),
      detection([80, 80, 90, 90], 0, 0.3),
    ];
    for (const measure of measures.all) measure.add(image, labels);
    const { sweep, bestThreshold } = measures.result();
    expect(bestThreshold).toBe(0.5);
    expect(sweep).toMatchObject([
      { threshold: 0.1, precision: 2 / 3, recall: 1 },
      { threshold: 0.5, precision: 1, recall: 1, f1: 1 },
    ]);
  });

  it('refuses numbers by category of a model that knows none of them', () => {
    expect(() => createMeasures([MetricKind.METRIC_KIND_BBOX], dataset, findings(['object']), [])).toThrow(
      /categories \(object…\) are none of the data set's \(cat, dog…\)/,
    );
  });
});

describe('panoptic quality', () => {
  const mask = (from: number, to: number) => {
    const data = Uint8Array.from({ length: 64 }, (_, pixel) => (pixel % 8 >= from && pixel % 8 < to ? 1 : 0));
    return encodeMask({ width: 8, height: 8, data });
  };
  const cat = { ...instance([0, 0, 4, 8], 0), mask: mask(0, 4) };
  const sky = { ...instance([4, 0, 8, 8], 1), mask: mask(4, 8) };
  const panoptic = {
    images: [],
    categories: [
      { index: 0, name: 'cat', sourceIds: [1], isThing: true },
      { index: 1, name: 'sky', sourceIds: [2], isThing: false },
    ],
  } as unknown as Dataset;
  const measure = (detections: readonly Detection[], thresholds: readonly number[] = []) => {
    const measures = createMeasures(
      [MetricKind.METRIC_KIND_PANOPTIC],
      panoptic,
      findings(['sky', 'cat'], true),
      thresholds,
    );
    const scene = { ...image, width: 8, height: 8, instances: [cat, sky] };
    for (const one of measures.all) one.add(scene, detections);
    return measures.result().metrics;
  };

  it('is 1 for what is right, by the data set’s categories, at the best of the thresholds', () => {
    const right = [
      { ...detection([0, 0, 4, 8], 1, 0.45), mask: mask(0, 4) },
      { ...detection([4, 0, 8, 8], 0, 0.9), mask: mask(4, 8) },
    ];
    const wrong = { ...detection([0, 0, 2, 8], 0, 0.15), mask: mask(0, 2) };
    expect(measure([...right, wrong])).toMatchObject({ 'panoptic/PQ': 1, 'panoptic/threshold': 0.1 });
    expect(measure(right, [0.5])).toMatchObject({
      'panoptic/PQ': 0.5,
      'panoptic/PQth': 0,
      'panoptic/PQst': 1,
    });
  });

  it('is 0 where nothing was found', () => {
    expect(measure([])).toMatchObject({ 'panoptic/PQ': 0 });
  });

  it('is left out for models without masks', () => {
    const asked = [MetricKind.METRIC_KIND_PANOPTIC];
    expect(chooseMetrics(asked, findings(['cat']), panoptic)).toEqual([]);
    expect(chooseMetrics(asked, findings(['cat'], true), panoptic)).toEqual(asked);
  });
});

describe('chooseMetrics', () => {
  it('leaves out masks of box-only models, and categories of class-agnostic ones', () => {
    expect(chooseMetrics([], findings(['cat', 'dog'], true), dataset)).toHaveLength(4);
    expect(chooseMetrics([], findings(['cat', 'dog']), dataset)).toHaveLength(2);
    expect(chooseMetrics([], findings(['object']), dataset)).toEqual([MetricKind.METRIC_KIND_BBOX_AGNOSTIC]);
  });
});
