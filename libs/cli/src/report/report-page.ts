import { h, type JSX } from 'preact';
import { duration } from '../output/duration.ts';
import { ClassesSection } from './classes-section.ts';
import { CurvesSection } from './curves-section.ts';
import { FactsSection } from './facts-section.ts';
import { PicturesSection } from './pictures-section.ts';
import type { ReportContent } from './report-content.ts';
import { REPORT_STYLE } from './report-style.ts';
import { ResultSection } from './result-section.ts';

/** The whole page: nothing in it runs, and nothing is fetched. */
export function ReportPage(content: ReportContent): JSX.Element {
  const { report } = content;
  const seconds = Object.values(report.timings).reduce((sum, value) => sum + value, 0);
  return h(
    'html',
    { lang: 'en' },
    h(
      'head',
      null,
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('title', null, `${report.name} · cassl`),
      // Text of our own: a renderer escapes what stands between tags, which styles do not expect.
      h('style', { dangerouslySetInnerHTML: { __html: REPORT_STYLE } }),
    ),
    h(
      'body',
      null,
      h(
        'main',
        null,
        h('h1', null, report.name),
        h(
          'p',
          { class: 'lead' },
          `Class-agnostic semi-supervised learning in three stages · ${report.engine} · ${duration(seconds)} · `,
          h('code', null, report.id),
        ),
        h(ResultSection, content),
        h(ClassesSection, content),
        h(CurvesSection, content),
        h(PicturesSection, content),
        h(FactsSection, content),
        h('footer', null, "Numbers are COCO's, in percent."),
      ),
    ),
  );
}
