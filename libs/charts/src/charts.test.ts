import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { BarPlot } from './bar-plot.ts';
import { Heatmap } from './heatmap.ts';
import { Histogram } from './histogram.ts';
import { LinePlot } from './line-plot.ts';
import { niceScale, shortNumber } from './scale.ts';

const HOSTILE = '"><img src=x onerror="hacked()">';

describe('charts', () => {
  it('have axes of round numbers that cover the values', () => {
    expect(niceScale([0, 0.93], [0, 100]).ticks.map(shortNumber)).toEqual([
      '0',
      '0.2',
      '0.4',
      '0.6',
      '0.8',
      '1',
    ]);
    const { toPixel } = niceScale([0, 10], [100, 0]);
    expect([toPixel(0), toPixel(5), toPixel(10)]).toEqual([100, 50, 0]);
    expect(niceScale([3, 3], [0, 1]).ticks.length).toBeGreaterThan(1);
    expect([1234, 2_500_000, 0.05, 0.0008].map(shortNumber)).toEqual(['1.23k', '2.5M', '0.05', '8e-4']);
  });

  it('say their values in words', () => {
    const groups = [{ name: 'cat', bars: [{ value: 12.5 }, undefined] }];
    const html = renderToString(h(BarPlot, { title: 'AP', yLabel: '%', groups, series: ['warm', 'cold'] }));
    expect(html).toContain('aria-label="AP. cat: warm 12.5, cold –"');
  });

  it('write the values of bars as tables beside them do', () => {
    const groups = [{ name: 'cat', bars: [{ value: 4.62 }, { value: 0.984 }] }];
    const html = renderToString(h(BarPlot, { title: 't', yLabel: '', groups, series: ['a', 'b'] }));
    expect(html).toContain('aria-label="t. cat: a 4.6, b 1.0"');
    expect(html.match(/>(4\.6|1\.0)</g)).toHaveLength(2);
  });

  it('leave room for the value above the highest bar', () => {
    const groups = [{ name: 'cat', bars: [{ value: 12.5 }] }];
    const html = renderToString(h(BarPlot, { title: 't', yLabel: '', groups, series: ['a'] }));
    const baseline = Number(
      /class="value"[^>]*y="([\d.]+)"|y="([\d.]+)"[^>]*class="value"/.exec(html)?.slice(1).find(Boolean),
    );
    expect(baseline).toBeGreaterThan(20);
  });

  it('keep lines in their frame: first steps that are far off are cut', () => {
    const points = Array.from({ length: 100 }, (_, index) => [index, index === 0 ? 1000 : 1] as const);
    const html = renderToString(
      h(LinePlot, { title: 't', xLabel: '', yLabel: '', lines: [{ name: 'loss', points }] }),
    );
    const first = /points="[\d.]+,([\d.]+) /.exec(html)?.[1];
    expect(first).toBe('14.0');
  });

  it('draw what a threshold leaves out faint', () => {
    const html = renderToString(
      h(Histogram, { title: 't', xLabel: '', yLabel: '', counts: [1, 2, 3, 4], threshold: 0.5 }),
    );
    expect(html.match(/bar faint/g)).toHaveLength(2);
  });

  it('have axes that hold negative, tiny, equal and missing values', () => {
    expect(niceScale([-3, 7], [0, 100]).ticks).toEqual([-4, -2, 0, 2, 4, 6, 8]);
    const tiny = niceScale([0, 3e-7], [0, 1]);
    expect(tiny.ticks.at(-1)).toBeGreaterThanOrEqual(3e-7);
    expect(niceScale([0, 0], [0, 1]).ticks.every(Number.isFinite)).toBe(true);
    const empty = renderToString(h(LinePlot, { title: 't', xLabel: '', yLabel: '', lines: [] }));
    expect(empty).not.toContain('NaN');
    const none = [{ name: 'a', bars: [undefined] }];
    const bars = renderToString(h(BarPlot, { title: 't', yLabel: '', groups: none, series: ['s'] }));
    expect(bars).not.toContain('NaN');
  });

  it('shade cells by their share of the greatest', () => {
    const counts = [[3, 0]];
    const names = { title: 't', rowLabel: 'r', columnLabel: 'c', rows: ['a'], columns: ['a', 'b'] };
    const html = renderToString(h(Heatmap, { ...names, counts }));
    expect(html.match(/shade-9/g)).toHaveLength(1);
  });

  it.each(
    Object.entries({
      bars: renderToString(
        h(BarPlot, {
          title: HOSTILE,
          yLabel: HOSTILE,
          groups: [{ name: HOSTILE, bars: [{ value: 1 }] }],
          series: [HOSTILE],
        }),
      ),
      lines: renderToString(
        h(LinePlot, {
          title: HOSTILE,
          xLabel: HOSTILE,
          yLabel: HOSTILE,
          lines: [
            {
              name: HOSTILE,
              points: [
                [0, 1],
                [1, 2],
              ],
            },
          ],
        }),
      ),
      histogram: renderToString(
        h(Histogram, { title: HOSTILE, xLabel: HOSTILE, yLabel: HOSTILE, counts: [1, 2] }),
      ),
      heatmap: renderToString(
        h(Heatmap, {
          title: HOSTILE,
          rowLabel: HOSTILE,
          columnLabel: HOSTILE,
          rows: [HOSTILE],
          columns: [HOSTILE],
          counts: [[3]],
        }),
      ),
    }),
  )('show names as text, also in legends and attributes: %s', (_, html) => {
    expect(html).not.toContain('<img');
    // An attribute is not ended by a quote in a name.
    expect(html).not.toMatch(/onerror="/);
    expect(html).toContain('&lt;img');
  });
});
