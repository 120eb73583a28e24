import { h, type JSX } from 'preact';
import { duration } from '../output/duration.ts';
import { ClassesSection } from './classes-section.ts';
import { CurvesSection } from './curves-section.ts';
import { FactsSection } from './facts-section.ts';
import { Page } from './page.ts';
import { PicturesSection } from './pictures-section.ts';
import type { ReportContent } from './report-content.ts';
import { ResultSection } from './result-section.ts';

/** The whole page: nothing in it runs, and nothing is fetched. */
export function ReportPage(content: ReportContent): JSX.Element {
  const { report } = content;
  const seconds = Object.values(report.timings).reduce((sum, value) => sum + value, 0);
  return h(
    Page,
    { title: report.name },
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
  );
}
