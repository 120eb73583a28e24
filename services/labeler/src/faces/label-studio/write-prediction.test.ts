import type { FoundObject, InferAnswer } from '@cassl/inference';
import { decodeLabelStudioRle, encodeMask, rleToString, type BinaryMask } from '@cassl/vision';
import { describe, expect, it } from 'vitest';
import { readLabelConfig, type LabelConfig } from './read-label-config.ts';
import { writePrediction } from './write-prediction.ts';

const configOf = (tag: string, labels = '<Label value="Cat"/><Label value="Dog"/>'): LabelConfig =>
  readLabelConfig(`<View><Image name="i" value="$p"/><${tag} name="l" toName="i">${labels}</${tag}></View>`);

const mask = (text: string, width: number): BinaryMask => ({
  width,
  height: text.length / width,
  data: Uint8Array.from(text, Number),
});

function answerOf(
  detections: readonly FoundObject[],
  names: readonly string[] = ['cat', 'dog'],
): InferAnswer {
  return {
    model: { digest: 'd', categories: names.map((name, at) => ({ id: at + 1, name })) },
    width: 20,
    height: 10,
    detections,
    metadata: { batchSize: 1, paddingWaste: 0, queueMs: 0, inputMs: 0, computeMs: 0, outputMs: 0 },
  };
}

const cat: FoundObject = { box: [2, 1, 12, 6], score: 0.5, category: 0 };
const dog: FoundObject = { box: [0, 0, 20, 10], score: 1, category: 1 };

describe('a prediction for Label Studio', () => {
  it('has boxes in percent of the picture, its labels and the mean of the scores', () => {
    const {
      result,
      score,
      model_version: version,
      ...rest
    } = writePrediction(configOf('RectangleLabels'), answerOf([cat, dog]), 'shop@abc');
    expect([score, version, rest]).toEqual([0.75, 'shop@abc', {}]);
    expect(result).toMatchObject([
      {
        from_name: 'l',
        to_name: 'i',
        type: 'rectanglelabels',
        original_width: 20,
        original_height: 10,
        score: 0.5,
        value: { x: 10, y: 10, width: 50, height: 50, rotation: 0, rectanglelabels: ['Cat'] },
      },
      { value: { x: 0, y: 0, width: 100, height: 100, rectanglelabels: ['Dog'] } },
    ]);
    const ids = result.map((region) => (region as { id: string }).id);
    expect(new Set(ids).size).toBe(2);
  });

  it('of nothing is empty', () => {
    expect(writePrediction(configOf('RectangleLabels'), answerOf([]), 'v')).toEqual({
      result: [],
      score: 0,
      model_version: 'v',
    });
  });

  it('counts by name what no label answers to', () => {
    const bird: FoundObject = { ...cat, category: 2 };
    const { result, score, unmatched } = writePrediction(
      configOf('RectangleLabels'),
      answerOf([cat, bird, bird], ['cat', 'dog', 'bird']),
      'v',
    );
    expect([result.length, score, unmatched]).toEqual([1, 0.5, { bird: 2 }]);
  });

  it('gives no label to what a class-agnostic model finds where several could be meant, the only one else', () => {
    const agnostic = answerOf([cat], []);
    expect(writePrediction(configOf('RectangleLabels'), agnostic, 'v')).toMatchObject({
      result: [],
      unmatched: { '': 1 },
    });
    const [region] = writePrediction(
      configOf('RectangleLabels', '<Label value="Thing"/>'),
      agnostic,
      'v',
    ).result;
    expect(region).toMatchObject({ value: { rectanglelabels: ['Thing'] } });
  });

  it('has brushes of the masks, pixel by pixel', () => {
    const pixels = mask('0'.repeat(25) + '111' + '0'.repeat(172), 20);
    const found = { ...cat, mask: { width: 20, height: 10, counts: rleToString(encodeMask(pixels)) } };
    const [region] = writePrediction(configOf('BrushLabels'), answerOf([found]), 'v').result;
    const { format, rle, brushlabels } = (
      region as { value: { format: string; rle: number[]; brushlabels: string[] } }
    ).value;
    expect([format, brushlabels]).toEqual(['rle', ['Cat']]);
    expect([...decodeLabelStudioRle(rle, 10, 20).data]).toEqual([...pixels.data]);
  });

  it('fills the box where a model has no masks, cut at the edges of the picture', () => {
    const outside: FoundObject = { ...cat, box: [-5, 8, 3, 99] };
    const [region] = writePrediction(configOf('BrushLabels'), answerOf([outside]), 'v').result;
    const { rle } = (region as { value: { rle: number[] } }).value;
    const { data } = decodeLabelStudioRle(rle, 10, 20);
    const on = [...data.keys()].filter((index) => data[index] !== 0);
    expect(on).toEqual([160, 161, 162, 180, 181, 182]);
  });

  it('has a polygon for each part of a mask', () => {
    const pixels = mask('0'.repeat(40) + '110000000000000000110' + '0'.repeat(139), 20);
    const found = { ...cat, mask: { width: 20, height: 10, counts: rleToString(encodeMask(pixels)) } };
    const regions = writePrediction(configOf('PolygonLabels'), answerOf([found]), 'v').result;
    expect(regions).toHaveLength(2);
    for (const region of regions) {
      const { points, closed } = (region as { value: { points: [number, number][]; closed: boolean } }).value;
      expect(closed).toBe(true);
      for (const [x, y] of points) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(100);
        expect(y).toBeGreaterThanOrEqual(20);
        expect(y).toBeLessThanOrEqual(30);
      }
    }
  });
});
