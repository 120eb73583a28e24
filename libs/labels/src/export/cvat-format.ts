import type { ExportContext, ExportPiece } from './export-piece.ts';
import { renderAhead } from './render-ahead.ts';
import { xmlText } from './xml-text.ts';

/** One `annotations.xml`, "CVAT for images 1.1": masks where there are some, else boxes, with their score. */
export async function* cvatFormat(context: ExportContext): AsyncGenerator<ExportPiece> {
  const path = 'annotations.xml';
  const head = `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n`;
  yield { path, text: head + meta(context.className) };
  for await (const bytes of renderAhead(context, 'cvat')) yield { path, bytes };
  yield { path, text: '</annotations>\n' };
}

/** CVAT's own library finds labels and their attributes here, and reads no file without it. */
function meta(className: string): string {
  const score =
    '<attribute><name>score</name><mutable>False</mutable><input_type>text</input_type>' +
    '<default_value></default_value><values></values></attribute>';
  const label = `<label><name>${xmlText(className)}</name><type>any</type><attributes>${score}</attributes></label>`;
  return `  <meta><task><mode>annotation</mode><labels>${label}</labels></task></meta>\n`;
}
