import { formatDropReport, type CheckedPart } from '@cassl/datasets';
import { escapeHtml } from '../output/escape-html.ts';
import { REPORT_STYLE } from '../report/report-style.ts';
import type { DrawnPicture } from './draw-pictures.ts';

export interface LabelPagePart {
  readonly part: CheckedPart;
  readonly pictures: readonly DrawnPicture[];
  /** Objects by category, most first; empty without labels. */
  readonly categories: readonly { readonly name: string; readonly objects: number }[];
}

const STYLE = `
.pictures { align-items: start; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); gap: 12px; }
.pictures figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 8px; }
.pictures img { width: 100%; display: block; border-radius: 6px; }
.pictures figcaption { font-size: 12px; color: var(--soft); margin-top: 4px; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; font-size: 13px; }
`;

/** One self-contained page: what was found wrong, categories, and pictures with their labels drawn on them. */
export function labelPage(title: string, parts: readonly LabelPagePart[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title><style>${REPORT_STYLE}${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
<p class="lead">Written by <code>cassl data check --pictures</code>. Labels are drawn as training would use them.</p>
${parts.map(section).join('\n')}
</main></body></html>
`;
}

function section({ part, pictures, categories }: LabelPagePart): string {
  const { path, kind, report } = part;
  const rows = categories.map(
    ({ name, objects }) => `<tr><td>${escapeHtml(name)}</td><td>${objects}</td></tr>`,
  );
  const table =
    rows.length === 0
      ? ''
      : `<div class="card wide"><table><tr><th>category</th><th>objects</th></tr>${rows.join('')}</table></div>`;
  return `<h2>${escapeHtml(path)} (${kind})</h2>
<div class="card"><pre>${escapeHtml(formatDropReport(report))}</pre></div>
<h2>${pictures.length} of ${report.images.kept} images</h2>
<div class="pictures">${pictures.map(figure).join('')}</div>
${table}`;
}

function figure({ caption, picture }: DrawnPicture): string {
  const image = picture === '' ? '' : `<img loading="lazy" alt="" src="${picture}">`;
  return `<figure>${image}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}
