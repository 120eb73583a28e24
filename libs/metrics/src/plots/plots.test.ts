import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Xyxy } from '@cassl/vision';
import {
  createCocoEvaluator,
  errorPlot,
  evaluationReport,
  labelQualityPlot,
  scorePseudoLabels,
  summaryPlots,
  type EvaluatedImage,
} from '../index.ts';

const object = (category: number, box: Xyxy, crowd = false) => ({ category, box, crowd, area: 100 });
const guess = (category: number, box: Xyxy, score: number) => ({ category, box, score });
const image: EvaluatedImage = {
  imageId: 1,
  groundTruths: [
    object(0, [0, 0, 10, 10]),
    object(0, [100, 0, 110, 10]),
    object(1, [0, 100, 10, 110]),
    object(1, [100, 100, 110, 110]),
    object(0, [200, 200, 290, 290], true),
  ],
  detections: [
    guess(0, [0, 0, 10, 10], 0.9), // found
    guess(0, [0, 0, 10, 9], 0.89), // again
    guess(1, [100, 0, 110, 10], 0.88), // other class
    guess(1, [0, 100, 10, 103], 0.87), // loosely
    guess(1, [50, 50, 60, 60], 0.86), // on nothing
    guess(0, [210, 210, 220, 220], 0.85), // in the crowd
    guess(1, [100, 100, 110, 110], 0.1), // found late
  ],
};

function summarize() {
  const categories = [
    { id: 1, name: 'a' },
    { id: 2, name: 'b & <c>' },
  ];
  const evaluator = createCocoEvaluator({ type: 'bbox', categories, errorBreakdown: true });
  evaluator.addImage(image);
  return evaluator.summarize();
}

describe('error breakdown', () => {
  it('sorts detections by cause and counts the objects that nothing touched as missed', () => {
    expect(summarize().errors).toEqual({
      scoreThreshold: 0.89,
      objects: 4,
      correct: 1,
      classification: 0,
      localisation: 0,
      duplicate: 0,
      background: 0,
      missed: 3,
    });
    const evaluator = createCocoEvaluator({
      type: 'bbox',
      categories: [
        { id: 1, name: 'a' },
        { id: 2, name: 'b' },
      ],
      errorBreakdown: true,
    });
    // A late hit on every remaining object makes it worth keeping everything.
    evaluator.addImage({
      ...image,
      detections: [...image.detections, guess(0, [100, 0, 110, 10], 0.05), guess(1, [0, 100, 10, 110], 0.05)],
    });
    expect(evaluator.summarize().errors).toEqual({
      scoreThreshold: 0,
      objects: 4,
      correct: 4,
      classification: 1,
      localisation: 1,
      duplicate: 1,
      background: 1,
      missed: 0,
    });
  });
});

describe('plots', () => {
  it('are SVG that a renderer accepts, with curves and bars in them', async () => {
    const summary = summarize();
    const plots = [
      ...summaryPlots('bbox <1>', summary).map(({ svg }) => svg),
      labelQualityPlot('labels', scorePseudoLabels([image])),
    ];
    expect(summaryPlots('x', summary).map(({ name }) => name)).toEqual(['precision-recall', 'errors']);
    for (const svg of plots) {
      const { width, height } = await sharp(Buffer.from(svg)).metadata();
      expect([width, height]).toEqual([640, expect.any(Number)]);
      expect(svg).not.toContain('NaN');
    }
    expect(plots[0]).toContain('bbox &lt;1&gt;');
    expect(plots[0]).toContain(`AP ${summary.numbers.AP50!.toFixed(3)}`);
  });

  it('survive an evaluation without any object', async () => {
    const evaluator = createCocoEvaluator({
      type: 'bbox',
      categories: [{ id: 1, name: 'a' }],
      errorBreakdown: true,
    });
    const summary = evaluator.summarize();
    for (const { svg } of summaryPlots('empty', summary)) {
      expect(svg).not.toMatch(/NaN|Infinity/);
      await sharp(Buffer.from(svg)).metadata();
    }
    expect(errorPlot('empty', summary.errors!)).toContain('found');
  });

  it('stand in one page with the tables', () => {
    const html = evaluationReport({
      title: 'A & B',
      sources: ['gt.json'],
      tables: [
        {
          title: 't',
          columns: ['name', 'AP'],
          rows: [
            ['b & <c>', 0.12345],
            ['d', null],
          ],
        },
      ],
      plots: ['<svg/>'],
    });
    expect(html).toContain('<h1>A &amp; B</h1>');
    expect(html).toContain('<td>b &amp; &lt;c&gt;</td><td>0.123</td>');
    expect(html).toContain('<td>–</td>');
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });
});
