import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { collectContent, type CollectOptions } from './collect-content.ts';
import type { ReportContent } from './report-content.ts';
import { ReportPage } from './report-page.ts';

/** The report of a pipeline as one HTML file that opens without a server. */
export async function renderReport(options: CollectOptions): Promise<string> {
  return renderContent(await collectContent(options));
}

/** The page of what was gathered. */
export function renderContent(content: ReportContent): string {
  return `<!doctype html>\n${renderToString(h(ReportPage, content))}\n`;
}
